//! Which of the two text formats an `Accept` asks for.

use axum::http::{HeaderMap, header};
use prometheus_client::encoding::prometheus_text;

/// How metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// OpenMetrics 1.0.0, for who asks for it.
    OpenMetrics,
    /// Prometheus' own text, version 0.0.4: for everybody else, whatever they sent.
    Text,
}

impl Format {
    /// OpenMetrics when it is wanted at least as much as plain text. What cannot be read is passed over: a scraper shall
    /// get numbers, not 406.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let (mut open, mut text) = (0.0, 0.0);
        for value in headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok())
        {
            for Range { media, weight } in value.split(',').filter_map(Range::read) {
                let best = match media {
                    Media::OpenMetrics => &mut open,
                    Media::Text => &mut text,
                };
                *best = weight.max(*best);
            }
        }
        if open > 0.0 && open >= text { Self::OpenMetrics } else { Self::Text }
    }

    /// The `Content-Type` of the answer.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => prometheus_text::CONTENT_TYPE,
        }
    }
}

/// One that is written here. Wildcards say nothing about which of them.
enum Media {
    OpenMetrics,
    Text,
}

/// One entry of an `Accept`.
struct Range {
    media: Media,
    weight: f32,
}

impl Range {
    /// `None`: something else, or not to be read.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
        let media = match parts.next()?.as_str() {
            "application/openmetrics-text" => Media::OpenMetrics,
            "text/plain" => Media::Text,
            _ => return None,
        };
        let mut weight = 1.0;
        for part in parts {
            match part.split_once('=') {
                Some(("version", version)) if !is_written(&media, version) => return None,
                Some(("q", q)) => weight = q.parse().ok().filter(|q| (0.0..=1.0).contains(q))?,
                _ => {}
            }
        }
        Some(Self { media, weight })
    }
}

fn is_written(media: &Media, version: &str) -> bool {
    let ours = match media {
        Media::OpenMetrics => "1.0.0",
        Media::Text => "0.0.4",
    };
    version.trim_matches('"') == ours
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(accept: &[&str]) -> Format {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, value.parse().unwrap());
        }
        Format::of(&headers)
    }

    #[test]
    fn prometheus_gets_openmetrics_as_it_asks() {
        let version_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let version_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
        for accept in [version_2, version_3, "application/openmetrics-text"] {
            assert_eq!(asked(&[accept]), Format::OpenMetrics, "{accept}");
        }
        let quoted = " Application/OpenMetrics-Text ; Version=\"1.0.0\" ; Q=0.3";
        assert_eq!(asked(&["text/plain;q=0.2", quoted]), Format::OpenMetrics);
    }

    #[test]
    fn who_wants_text_more_gets_text() {
        let text =
            "text/plain;version=0.0.4;q=0.9,application/openmetrics-text;version=1.0.0;q=0.8";
        for accept in [text, "application/openmetrics-text;q=0", "*/*", "text/html,*/*;q=0.8"] {
            assert_eq!(asked(&[accept]), Format::Text, "{accept}");
        }
        assert_eq!(asked(&[]), Format::Text);
    }

    #[test]
    fn a_version_that_is_not_written_is_not_promised() {
        assert_eq!(asked(&["application/openmetrics-text;version=0.0.1"]), Format::Text);
        assert_eq!(asked(&["application/openmetrics-text;version=2.0.0,text/plain"]), Format::Text);
    }

    #[test]
    fn garbage_is_text() {
        let open = "application/openmetrics-text";
        for accept in ["", ",;,=", ";q=1", "open/metrics", "q=;;", "\u{7f}x"]
            .into_iter()
            .map(String::from)
            .chain(["nan", "inf", "-1", "1.1", "1e9", "", "x"].map(|q| format!("{open};q={q}")))
        {
            let mut headers = HeaderMap::new();
            if let Ok(value) = axum::http::HeaderValue::from_bytes(accept.as_bytes()) {
                headers.insert(header::ACCEPT, value);
            }
            assert_eq!(Format::of(&headers), Format::Text, "{accept:?}");
        }
        let bytes =
            axum::http::HeaderValue::from_bytes(b"application/openmetrics-text\xff").unwrap();
        let headers = HeaderMap::from_iter([(header::ACCEPT, bytes)]);
        assert_eq!(Format::of(&headers), Format::Text);
    }
}

//! How values are read from text. Each error says what would be right.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use tidegate::message::TopicName;

/// A duration with a unit: `500ms`, `30s`, `5m`, `1h 30m`. Positive.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration: give it a unit, such as 500ms, 30s or 5m");
    let parsed: SignedDuration = text.parse().map_err(|_| wrong())?;
    let duration = Duration::try_from(parsed).map_err(|_| wrong())?;
    if duration.is_zero() {
        Err(format!("{text:?} is too short: it must be more than 0"))
    } else {
        Ok(duration)
    }
}

/// A number of milliseconds, as OpenTelemetry's variables have it; also with a unit. Positive.
pub(super) fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(0) => Err(format!("{text:?} is too short: it must be more than 0")),
        Ok(number) => Ok(Duration::from_millis(number)),
        Err(_) => duration(text),
    }
}

/// A share from 0 to 1.
pub(super) fn probability(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!("{text:?} is not a share: use a number from 0 to 1")),
    }
}

/// `name=value,name=value`, the values percent-encoded.
pub(super) fn pairs(text: &str) -> Result<BTreeMap<String, String>, String> {
    let wrong = || "must be name=value, with commas between, values percent-encoded".to_owned();
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').ok_or_else(wrong)?;
            let value = percent_decoded(value.trim()).ok_or_else(wrong)?;
            let name = name.trim();
            if name.is_empty() { Err(wrong()) } else { Ok((name.to_owned(), value)) }
        })
        .collect()
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

/// A topic's name.
pub(super) fn topic(text: &str) -> Result<TopicName, String> {
    TopicName::new(text).map_err(|error| error.to_string())
}

/// A share between 0 (not included) and 1.
pub(super) fn ratio(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(ratio) if ratio > 0.0 && ratio <= 1.0 => Ok(ratio),
        _ => Err(format!("{text:?} is not a share: use a number over 0, up to 1")),
    }
}

/// An `http://` address. Services of this system talk plain HTTP, on a network of their own.
/// What is wrong is said without showing any of it: a user and a password may be in it.
pub(super) fn http_url(text: &str) -> Result<(), &'static str> {
    let url = reqwest::Url::parse(text)
        .map_err(|_| "is no URL: use one such as http://127.0.0.1:8093")?;
    match url.scheme() {
        "http" if url.has_host() => Ok(()),
        _ => Err("must begin with http://"),
    }
}

/// The `http://` address of a receiver of traces, which is in logs. A password may be in what was given instead: what is wrong is
/// said without showing any of it.
pub(super) fn receiver_address(text: &str) -> Result<reqwest::Url, &'static str> {
    let wrong = "is no URL: use one such as http://127.0.0.1:4318";
    let url = reqwest::Url::parse(text).map_err(|_| wrong)?;
    if url.scheme() != "http" || !url.has_host() {
        Err("must begin with http://")
    } else if !url.username().is_empty() || url.password().is_some() {
        Err("must not hold a user or password; OTEL_EXPORTER_OTLP_HEADERS is for secrets")
    } else if url.query().is_some() || url.fragment().is_some() {
        Err("must end before ? and #; OTEL_EXPORTER_OTLP_HEADERS is for secrets")
    } else {
        Ok(url)
    }
}

/// What text values must not be.
pub(super) fn not_empty(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit_and_a_length() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1s"), Ok(Duration::from_secs(1)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        for wrong in ["", "5", "-1s", "0s", "soon", "1 fortnight"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn milliseconds_may_have_a_unit() {
        assert_eq!(milliseconds("250"), Ok(Duration::from_millis(250)));
        assert_eq!(milliseconds("2s"), Ok(Duration::from_secs(2)));
        for wrong in ["", "0", "-1", "soon"] {
            assert!(milliseconds(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn pairs_are_decoded_and_half_ones_refused() {
        let read = pairs(" a=1, b = x%2Cy%20z ,,c=").unwrap();
        let read: Vec<_> = read.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(read, [("a", "1"), ("b", "x,y z"), ("c", "")]);
        for wrong in ["a", "=1", "a=%", "a=%2", "a=%zz", "a=%ff"] {
            assert!(pairs(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn shares_lie_between_0_and_1() {
        assert_eq!(ratio("0.5"), Ok(0.5));
        for wrong in ["0", "1.01", "-1", "NaN", "half"] {
            assert!(ratio(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn urls_are_http() {
        assert!(http_url("http://127.0.0.1:8093").is_ok());
        for wrong in ["127.0.0.1:8093", "https://x", "http://", "localhost"] {
            assert!(http_url(wrong).is_err(), "{wrong:?}");
        }
    }
}

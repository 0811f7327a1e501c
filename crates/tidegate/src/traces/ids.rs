//! Which trace a log line belongs to, as a record's `traceparent` says it: read without OpenTelemetry, so that lines have it in
//! every build.

use crate::headers::{Headers, names};

/// The trace and the span that a record says it comes from; `None` where it says nothing, or nothing that W3C takes.
pub(crate) fn carried(headers: &Headers) -> Option<(&str, &str)> {
    let [version, trace, span, _] = parts(headers.text(names::TRACEPARENT)?)?;
    let is_named = |id: &str| id.bytes().any(|digit| digit != b'0');
    (version != "ff" && is_named(trace) && is_named(span)).then_some((trace, span))
}

/// The four parts of version 00. Later versions may add parts behind them.
pub(crate) fn parts(text: &str) -> Option<[&str; 4]> {
    let mut all = text.split('-');
    let parts = [all.next()?, all.next()?, all.next()?, all.next()?];
    let is_hex = |part: &str| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let fits = parts.iter().zip([2, 32, 16, 2]).all(|(part, n)| part.len() == n && is_hex(part));
    let ends = parts[0] != "00" || all.next().is_none();
    (fits && ends).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(traceparent: &str) -> Option<(String, String)> {
        let mut headers = Headers::new();
        headers.push(names::TRACEPARENT, traceparent.to_owned());
        carried(&headers).map(|(trace, span)| (trace.to_owned(), span.to_owned()))
    }

    #[test]
    fn only_what_w3c_takes_names_a_trace() {
        let (trace, span) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        let right = format!("00-{trace}-{span}-01");
        assert_eq!(of(&right), Some((trace.to_owned(), span.to_owned())));
        let (no_trace, no_span) = ("0".repeat(32), "0".repeat(16));
        for wrong in [
            String::new(),
            "4111111111111111".to_owned(),
            format!("00-{no_trace}-{span}-01"),
            format!("00-{trace}-{no_span}-01"),
            format!("ff-{trace}-{span}-01"),
            format!("{right}-more"),
            right.to_uppercase(),
        ] {
            assert_eq!(of(&wrong), None, "{wrong}");
        }
    }
}

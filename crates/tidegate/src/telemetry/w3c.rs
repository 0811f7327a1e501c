//! W3C trace context in a record's headers: read strictly, written once.
//!
//! ```text
//!   traceparent: 00-<trace: 32 hex digits>-<span: 16>-<flags: 2>          https://www.w3.org/TR/trace-context/
//! ```
//!
//! Of several headers of one name the last counts, as everywhere here; what is written replaces all of them (rule 41). What is
//! malformed counts as absent: the record begins a new trace, and nothing of it is lost.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

use crate::headers::{Headers, names};
use crate::traces::parts;

/// The span that a record says it comes from.
pub(crate) fn extract(headers: &Headers) -> Option<SpanContext> {
    read(headers.text(names::TRACEPARENT)?, headers.text(names::TRACESTATE))
}

/// The span that published the record in the first place, whatever a replay has put in its place.
pub(crate) fn origin(headers: &Headers) -> Option<SpanContext> {
    if headers.get(names::ORIGIN_TRACE).is_none() {
        return extract(headers);
    }
    read(headers.text(names::ORIGIN_TRACEPARENT)?, headers.text(names::ORIGIN_TRACESTATE))
}

/// The longest `tracestate` that is passed on, in bytes: what W3C asks for, and no more in every record that follows.
const MOST_STATE: usize = 512;

/// Reads a `traceparent` and the `tracestate` that came with it. `None` when it is malformed or all zeros. A `tracestate` that
/// is malformed, or longer than 512 bytes, is left out.
#[must_use]
pub fn read(traceparent: &str, tracestate: Option<&str>) -> Option<SpanContext> {
    let [version, trace, span, flags] = parts(traceparent)?;
    let trace = TraceId::from_hex(trace).ok()?;
    let span = SpanId::from_hex(span).ok()?;
    let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
    let state = tracestate.and_then(state).unwrap_or_default();
    let flags = TraceFlags::default().with_sampled(sampled);
    let context = SpanContext::new(trace, span, flags, true, state);
    (version != "ff" && context.is_valid()).then_some(context)
}

/// `name=value`, with commas. The library's own reader takes more than W3C does.
fn state(text: &str) -> Option<TraceState> {
    let members = text.split(',').map(|member| member.trim_matches([' ', '\t']).split_once('='));
    let members = members.map(|member| member.filter(|(name, value)| is_member(name, value)));
    let members: Option<Vec<_>> = members.collect();
    members
        .filter(|_| text.len() <= MOST_STATE)
        .and_then(|all| TraceState::from_key_value(all).ok())
}

fn is_member(name: &str, value: &str) -> bool {
    let of_name = |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    let of_value = |b| matches!(b, b' '..=b'~') && b != b'=';
    !name.is_empty()
        && !value.is_empty()
        && name.bytes().all(of_name)
        && value.bytes().all(of_value)
}

/// The span as `traceparent`.
#[must_use]
pub fn traceparent(context: &SpanContext) -> String {
    let (trace, span) = (context.trace_id(), context.span_id());
    format!("00-{trace}-{span}-{:02x}", context.trace_flags())
}

/// Says in the headers that they come from this span: exactly one `traceparent`, and at most one `tracestate`.
pub(crate) fn inject(context: &SpanContext, headers: &mut Headers) {
    if !context.is_valid() {
        return;
    }
    headers.replace(names::TRACEPARENT, traceparent(context));
    match context.trace_state().header() {
        none if none.is_empty() => headers.remove(names::TRACESTATE),
        state => headers.replace(names::TRACESTATE, state),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    fn headers(all: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::new();
        all.iter().for_each(|(name, value)| headers.push(name, (*value).to_owned()));
        headers
    }

    #[test]
    fn what_was_written_is_read_again() {
        let given = format!("00-{TRACE}-{SPAN}-01");
        let context = read(&given, Some("a=1,b=2")).unwrap();
        assert!(context.is_sampled() && context.is_remote());
        let mut written = Headers::new();
        inject(&context, &mut written);
        assert_eq!(written.text("traceparent"), Some(given.as_str()));
        assert_eq!(written.text("tracestate"), Some("a=1,b=2"));
        assert_eq!(extract(&written), Some(context));
    }

    #[test]
    fn what_is_malformed_counts_as_absent() {
        let (zeros, upper) = ("0".repeat(32), TRACE.to_uppercase());
        for wrong in [
            String::new(),
            "00".into(),
            TRACE.into(),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-01-x"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{zeros}-{SPAN}-01"),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{upper}-{SPAN}-01"),
            format!("00-+{}-{SPAN}-01", &TRACE[1..]),
            format!(" 00-{TRACE}-{SPAN}-01"),
            format!("00-{}-{SPAN}-01", &TRACE[1..]),
        ] {
            assert_eq!(read(&wrong, None), None, "{wrong:?}");
        }
        let later = format!("01-{TRACE}-{SPAN}-03-more");
        assert!(read(&later, None).is_some_and(|context| context.is_sampled()));
        let long = format!("a={}", "x".repeat(MOST_STATE));
        for wrong in ["", "=,=", "a", "A=1", "a=1,,b=2", "a=\n", "a=b=c", &long] {
            let broken = read(&format!("00-{TRACE}-{SPAN}-00"), Some(wrong)).unwrap();
            assert_eq!(broken.trace_state().header(), "", "{wrong:?}");
        }
    }

    #[test]
    fn rule_41_of_several_the_last_counts_and_exactly_one_is_written() {
        let (first, last) = (format!("00-{TRACE}-{SPAN}-01"), format!("00-{TRACE}-{SPAN}-00"));
        let all = [
            ("traceparent", first.as_str()),
            ("x", "1"),
            ("traceparent", &last),
            ("tracestate", "a=1"),
            ("tracestate", "b=2"),
        ];
        let mut all = headers(&all);
        let context = extract(&all).unwrap();
        assert!(!context.is_sampled());
        assert_eq!(context.trace_state().header(), "b=2");
        inject(&context, &mut all);
        let named: Vec<_> = all.iter().map(|header| header.name.as_str()).collect();
        assert_eq!(named, ["traceparent", "x", "tracestate"]);
    }

    #[test]
    fn a_state_without_a_successor_is_removed() {
        let mut all = headers(&[("tracestate", "a=1")]);
        inject(&read(&format!("00-{TRACE}-{SPAN}-01"), None).unwrap(), &mut all);
        assert_eq!(all.get("tracestate"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_ignored(text in any::<String>(), state in any::<String>()) {
            if let Some(context) = read(&text, Some(&state)) {
                prop_assert!(context.is_valid());
            }
        }
    }
}

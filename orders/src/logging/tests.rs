//! Lines as they are written.

mod limits;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use serde_json::{Value, json};
use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;

use super::*;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn json(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A log as [`init`] makes it, written to memory.
fn log(reader: Reader, filter: &str, clock: Clock) -> (impl Subscriber, Lines, Limiter) {
    let (lines, limiter) = (Lines::default(), Limiter::new(clock));
    let layer = fmt::layer()
        .fmt_fields(JsonFields::new())
        .event_format(Style::new(reader, "orders"))
        .with_writer(lines.clone());
    let log = registry().with(filters::parse(filter).unwrap()).with(limiter.clone()).with(layer);
    (log, lines, limiter)
}

fn at_rest() -> Clock {
    Arc::new(|| Duration::ZERO)
}

fn written(reader: Reader, filter: &str, write: impl FnOnce()) -> Lines {
    let (log, lines, _) = log(reader, filter, at_rest());
    tracing::subscriber::with_default(log, write);
    lines
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// In a span of OpenTelemetry.
fn traced() -> opentelemetry::ContextGuard {
    let (trace, span) = (TraceId::from_hex(TRACE).unwrap(), SpanId::from_hex(SPAN).unwrap());
    let span = SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::default());
    opentelemetry::Context::new().with_remote_span_context(span).attach()
}

#[test]
fn a_line_is_flat_and_has_the_fields_of_its_spans_and_its_trace() {
    let lines = written(Reader::Program, "info", || {
        let outer = of_service(None, "producer");
        let _outer = outer.enter();
        let inner = tracing::error_span!("request", correlation_id = "c \"1\"", trace_id = "outer");
        let _inner = inner.enter();
        let _trace = traced();
        tracing::info!(order_id = %"o-1", tries = 2, "line one\nline two");
    });
    assert_eq!(lines.text().lines().count(), 1, "{}", lines.text());
    let line = &lines.json()[0];
    for (field, value) in [
        ("level", "INFO"),
        ("service", "producer"),
        ("version", env!("CARGO_PKG_VERSION")),
        ("correlation_id", "c \"1\""),
        ("trace_id", TRACE),
        ("span_id", SPAN),
        ("order_id", "o-1"),
        ("message", "line one\nline two"),
    ] {
        assert_eq!(line[field], value, "{line}");
    }
    assert_eq!(line["tries"], 2);
    assert!(line["timestamp"].as_str().unwrap().parse::<Timestamp>().is_ok());
    assert!(lines.text().starts_with("{\"timestamp\":\""), "`sort` goes by it: {}", lines.text());
}

#[test]
fn the_name_that_was_set_stands_in_the_place_of_each_services_own() {
    let lines = written(Reader::Program, "info", || {
        of_service(Some("shop"), "producer").in_scope(|| tracing::info!("order accepted"));
    });
    assert_eq!(lines.json()[0]["service"], "shop", "{}", lines.text());
}

#[test]
fn a_line_about_a_record_of_another_trace_names_that_one() {
    let lines = written(Reader::Program, "info", || {
        let _trace = traced();
        tracing::info!(trace_id = "theirs", "replayed");
    });
    let line = &lines.json()[0];
    assert_eq!((&line["trace_id"], &line["span_id"]), (&json!("theirs"), &Value::Null), "{line}");
}

/// Whoever keeps warnings only wants to know whose they are, too.
#[test]
fn a_filter_of_warnings_keeps_the_spans_that_say_whose_they_are() {
    let lines = written(Reader::Program, "warn", || {
        let span = crate::http::correlation::span(&crate::http::Correlation::generate());
        span.in_scope(|| tracing::warn!("not confirmed"));
    });
    assert!(lines.json()[0]["correlation_id"].is_string(), "{}", lines.text());
}

#[test]
fn people_read_correlation_and_trace_too_and_others_text_begins_no_line() {
    let lines = written(Reader::Person { colours: false }, "info", || {
        let span = tracing::error_span!("request", correlation_id = "c-1");
        let _span = span.enter();
        let _trace = traced();
        tracing::info!(reason = "two words\n2026 ERROR forged", "line one\n\u{1b}[2Jline two");
    });
    let text = lines.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains(" INFO orders: line one  [2Jline two correlation_id=c-1 "), "{text}");
    assert!(text.contains(&format!("trace_id={TRACE}")), "{text}");
    assert!(text.contains(r#"reason="two words\n2026 ERROR forged""#), "{text}");
}

#[test]
fn of_a_panic_the_log_has_a_literal_and_nothing_that_was_put_together() {
    let caught = |panics: fn(u64)| {
        literal(std::panic::catch_unwind(|| panics(4_111_111_111_111_111)).unwrap_err().as_ref())
    };
    assert_eq!(caught(|_| panic!("poison")), "poison");
    assert!(caught(|card| panic!("no price for {card}")).starts_with("not shown"));
}

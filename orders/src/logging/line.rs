//! What one line says, before it is written: the event's own fields over those of the current trace, over those of the spans
//! around it.

use std::fmt;

use jiff::Timestamp;
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// The event's text among its fields.
pub(super) const MESSAGE: &str = "message";
const TRACE_ID: &str = "trace_id";
const SPAN_ID: &str = "span_id";

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) at: Timestamp,
    pub(super) level: Level,
    pub(super) target: String,
    /// With [`MESSAGE`]; `service` where a span or the event names one.
    pub(super) fields: Map<String, Value>,
}

impl Line {
    /// Of an event, where it happened.
    pub(super) fn of<S>(context: &FmtContext<'_, S, JsonFields>, event: &Event<'_>) -> Self
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let mut fields = Map::new();
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(given) = span.extensions().get::<FormattedFields<JsonFields>>() {
                fields.extend(object(&given.fields));
            }
        }
        let mut own = Map::new();
        event.record(&mut Fields(&mut own));
        // A line about a record of another trace than the current one names that, and no span of this one.
        if !own.contains_key(TRACE_ID)
            && let Some((trace, span)) = current()
        {
            fields.insert(TRACE_ID.to_owned(), trace.into());
            fields.insert(SPAN_ID.to_owned(), span.into());
        }
        fields.extend(own);
        let (level, target) = (*event.metadata().level(), event.metadata().target().to_owned());
        Self { at: Timestamp::now(), level, target, fields }
    }
}

/// Trace and span that are current here.
fn current() -> Option<(String, String)> {
    Context::map_current(|context| {
        let span = context.span();
        let span = span.span_context();
        span.is_valid().then(|| (span.trace_id().to_string(), span.span_id().to_string()))
    })
}

/// A span's fields, which were written as JSON when it began.
fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// Collects an event's fields.
pub(super) struct Fields<'a>(pub(super) &'a mut Map<String, Value>);

impl Fields<'_> {
    fn set(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }
}

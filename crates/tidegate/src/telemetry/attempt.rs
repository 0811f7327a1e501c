//! The span of one attempt: whose child it is, what it links to, and how it ends.

use opentelemetry::trace::{Link, SpanBuilder, SpanContext, SpanKind, TraceContextExt};
use opentelemetry::{Context, KeyValue};

use crate::class::{Cause, Failure};
use crate::delivery::Delivery;
use crate::headers::names as header;
use crate::outcome::Outcome;
use crate::telemetry::send::{fail, link, offset};
use crate::telemetry::{Tracer, names, w3c};

/// An attempt that is under way. Dropped before its end it was cut off, or has panicked: its effect is unknown (rule 18).
pub(crate) struct AttemptSpan {
    span: Context,
    over: bool,
}

impl AttemptSpan {
    /// Starts it, and leaves it for what follows from it.
    pub(crate) fn start(tracer: &Tracer, delivery: &Delivery) -> Self {
        let span = tracer.start(builder(delivery), parent(delivery));
        delivery.trace.leave(tracer, span.span().span_context().clone());
        Self { span, over: false }
    }

    /// What the handler runs in.
    pub(crate) fn context(&self) -> Context {
        self.span.clone()
    }

    pub(crate) fn end(mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Done(_) => self.over("done"),
            Outcome::Skip(_) => self.over("skipped"),
            Outcome::Failed(failure) => {
                fail(&self.span, kind(failure));
                self.over("failed");
            }
        }
    }

    fn over(&mut self, outcome: &'static str) {
        self.over = true;
        let span = self.span.span();
        span.set_attribute(KeyValue::new(names::OUTCOME, outcome));
        span.end();
    }
}

impl Drop for AttemptSpan {
    fn drop(&mut self) {
        if !self.over {
            let why = if std::thread::panicking() { "panic" } else { "cut_off" };
            fail(&self.span, why);
            self.over("unknown");
        }
    }
}

/// Attempts at a record are siblings: children of the span that published it. Where it names none, the first attempt begins a trace,
/// and later ones go on from it. A dead-letter handler goes on from the letter.
fn parent(delivery: &Delivery) -> Option<SpanContext> {
    let (published, before) = (w3c::extract(&delivery.record.headers), delivery.trace.last());
    if delivery.dead.is_some() { before.or(published) } else { published.or(before) }
}

fn builder(delivery: &Delivery) -> SpanBuilder {
    let operation = if delivery.dead.is_some() { names::ON_DEAD_LETTER } else { names::PROCESS };
    let origin = w3c::origin(&delivery.record.headers);
    let links: Vec<Link> = origin.map(|origin| link(origin, names::ORIGIN)).into_iter().collect();
    SpanBuilder::from_name(format!("{operation} {}", delivery.record.topic))
        .with_kind(SpanKind::Consumer)
        .with_attributes(attributes(delivery, operation))
        .with_links(links)
}

fn attributes(delivery: &Delivery, operation: &'static str) -> Vec<KeyValue> {
    let record = &delivery.record;
    let text = |text: &str| text.to_owned();
    let mut all = vec![
        KeyValue::new(names::SYSTEM, names::KAFKA),
        KeyValue::new(names::OPERATION, operation),
        KeyValue::new(names::OPERATION_TYPE, names::PROCESS),
        KeyValue::new(names::DESTINATION, record.topic.to_string()),
        KeyValue::new(names::PARTITION, record.partition.to_string()),
        KeyValue::new(names::OFFSET, offset(record.offset.0)),
        KeyValue::new(names::GROUP, delivery.group.clone()),
        KeyValue::new(names::MESSAGE_ID, text(delivery.event_id.as_str())),
        KeyValue::new(names::CONVERSATION_ID, delivery.correlation_id.clone()),
        KeyValue::new(names::EVENT_TYPE, delivery.event_type.clone()),
        KeyValue::new(names::HANDLER, delivery.handler.clone()),
        KeyValue::new(names::ATTEMPT, i64::from(delivery.attempt)),
    ];
    let cause = record.headers.text(header::CAUSATION_ID);
    all.extend(cause.map(|cause| KeyValue::new(names::CAUSATION_ID, text(cause))));
    all.extend(kept_for(delivery).map(|why| KeyValue::new(names::KEPT_FOR, why)));
    all
}

/// What belongs to a failure, and did not fail itself.
fn kept_for(delivery: &Delivery) -> Option<&'static str> {
    if delivery.dead.is_some() {
        return Some(names::DEAD_LETTER);
    }
    if delivery.record.headers.get(header::REPLAY_JOB).is_some() {
        return Some(names::REPLAY);
    }
    (delivery.attempt > 1).then_some(names::RETRY)
}

fn kind(failure: &Failure) -> &'static str {
    match failure.cause {
        Cause::Panic => "panic",
        Cause::Timeout => "timeout",
        _ => failure.class.as_str(),
    }
}

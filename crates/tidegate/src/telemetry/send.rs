//! A span for each record that is published, and the record says that it comes from there.
//!
//! ```text
//!   the record's own context ─┐
//!                             ├─▶ span `send <topic>` ─▶ replaces the record's context ─▶ broker ─▶ acknowledged: the span ends
//!   else the current span ────┘
//! ```

use opentelemetry::trace::{Link, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt};
use opentelemetry::{Context, KeyValue};

use crate::broker::{Broker, Placed, PublishError};
use crate::headers::names as header;
use crate::message::NewRecord;
use crate::telemetry::{Tracer, names, w3c};

/// Publishes the records in order; a result for each, as [`BrokerDriver::publish`](crate::broker::BrokerDriver::publish).
///
/// A record that names a span in its `traceparent` goes on from there, and its span has a link to the current one (a replay: the
/// trace is the record's, the operator's request is linked); any other record's span is a child of the current one.
/// `traceparent` and `tracestate` are replaced. For events there is [`Publisher::traced`](crate::publisher::Publisher::traced).
pub async fn publish(
    tracer: &Tracer,
    broker: &Broker,
    mut records: Vec<NewRecord>,
) -> Vec<Result<Placed, PublishError>> {
    let sends: Vec<_> = records.iter_mut().map(|record| Send::of(tracer, record)).collect();
    let acks = broker.publish(records).await;
    for (send, ack) in sends.into_iter().zip(&acks) {
        send.end(ack);
    }
    acks
}

/// Publishes a dead letter after the span `last`; what became of it, and its own span.
pub(crate) async fn publish_letter(
    tracer: &Tracer,
    last: SpanContext,
    broker: &Broker,
    mut letter: NewRecord,
) -> (Option<Result<Placed, PublishError>>, SpanContext) {
    let builder = builder(&letter, Some(names::DEAD_LETTER));
    let send = Send::start(tracer, builder, Some(last));
    let sent = send.context();
    if sent.is_valid() {
        letter.headers.push(header::DLQ_TRACEPARENT, w3c::traceparent(&sent));
    }
    let ack = broker.publish(vec![letter]).await.pop();
    match &ack {
        Some(ack) => send.end(ack),
        None => drop(send),
    }
    (ack, sent)
}

/// One record on its way. Dropped before its end, nobody knows whether it arrived.
struct Send {
    span: Context,
    over: bool,
}

impl Send {
    fn of(tracer: &Tracer, record: &mut NewRecord) -> Self {
        let current = Context::map_current(|current| current.span().span_context().clone());
        let current = Some(current).filter(SpanContext::is_valid);
        let own = w3c::extract(&record.headers);
        let replay = record.headers.get(header::REPLAY_JOB).map(|_| names::REPLAY);
        let mut builder = builder(record, replay);
        if let (Some(_), Some(cause)) = (&own, &current) {
            builder = builder.with_links(vec![link(cause.clone(), names::CAUSE)]);
        }
        let send = Self::start(tracer, builder, own.or(current));
        w3c::inject(&send.context(), &mut record.headers);
        send
    }

    fn start(tracer: &Tracer, builder: SpanBuilder, parent: Option<SpanContext>) -> Self {
        Self { span: tracer.start(builder, parent), over: false }
    }

    fn context(&self) -> SpanContext {
        self.span.span().span_context().clone()
    }

    fn end(mut self, ack: &Result<Placed, PublishError>) {
        self.over = true;
        let span = self.span.span();
        match ack {
            Ok(placed) => {
                span.set_attribute(KeyValue::new(names::PARTITION, placed.partition.to_string()));
                span.set_attribute(KeyValue::new(names::OFFSET, offset(placed.offset.0)));
            }
            Err(error) => fail(&self.span, kind(error)),
        }
        span.end();
    }
}

impl Drop for Send {
    fn drop(&mut self) {
        if !self.over {
            fail(&self.span, "no_answer");
            self.span.span().end();
        }
    }
}

fn builder(record: &NewRecord, kept_for: Option<&'static str>) -> SpanBuilder {
    let topic = record.topic.to_string();
    let name = format!("{} {topic}", names::SEND);
    let mut attributes = vec![
        KeyValue::new(names::SYSTEM, names::KAFKA),
        KeyValue::new(names::OPERATION, names::SEND),
        KeyValue::new(names::OPERATION_TYPE, names::SEND),
        KeyValue::new(names::DESTINATION, topic),
    ];
    let headers = [
        (header::EVENT_ID, names::MESSAGE_ID),
        (header::CORRELATION_ID, names::CONVERSATION_ID),
        (header::CAUSATION_ID, names::CAUSATION_ID),
        (header::EVENT_TYPE, names::EVENT_TYPE),
    ];
    let text = |(from, to)| Some(KeyValue::new(to, record.headers.text(from)?.to_owned()));
    attributes.extend(headers.into_iter().filter_map(text));
    attributes.extend(kept_for.map(|why| KeyValue::new(names::KEPT_FOR, why)));
    SpanBuilder::from_name(name).with_kind(SpanKind::Producer).with_attributes(attributes)
}

/// A link to a span, and what it is.
pub(super) fn link(to: SpanContext, what: &'static str) -> Link {
    Link::new(to, vec![KeyValue::new(names::LINK, what)], 0)
}

/// A failure: its kind, and none of its text, which may quote what nobody should read here (I8).
pub(super) fn fail(span: &Context, kind: &'static str) {
    let span = span.span();
    span.set_attribute(KeyValue::new(names::ERROR_TYPE, kind));
    span.set_status(Status::error(kind));
}

fn kind(error: &PublishError) -> &'static str {
    match error {
        PublishError::UnknownTopic(_) => "unknown_topic",
        PublishError::UnknownPartition(_) => "unknown_partition",
        PublishError::TooLarge { .. } => "too_large",
        PublishError::KeyMissing(_) => "key_missing",
        PublishError::QueueFull => "queue_full",
        PublishError::Unavailable(_) => "unavailable",
        PublishError::Unknown(_) => "no_answer",
        PublishError::Closed => "closed",
    }
}

/// An attribute's number has a sign.
pub(super) fn offset(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

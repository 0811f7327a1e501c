//! With the feature `otel`: what an attempt leaves for what follows from it.
//!
//! ```text
//!   layer::Trace ── the attempt's span ──▶ slot ──▶ emitted records, the dead letter, its handler
//! ```

use std::sync::Mutex;

use opentelemetry::trace::SpanContext;

use crate::broker::sync::lock;
use crate::broker::{Broker, Placed, PublishError};
use crate::message::NewRecord;
use crate::telemetry::{Tracer, send, w3c};

pub(crate) use opentelemetry::Context;

/// The last span of a record's handling; empty where no layer traces it, and then it has cost no allocation.
#[derive(Debug, Default)]
pub(crate) struct TraceSlot(Mutex<Option<Box<Left>>>);

#[derive(Debug, Clone)]
struct Left {
    tracer: Tracer,
    last: SpanContext,
}

impl TraceSlot {
    /// What follows from here on comes from this span. One that is not valid (no exporter was set up) leaves the slot as it is.
    pub(crate) fn leave(&self, tracer: &Tracer, last: SpanContext) {
        if last.is_valid() {
            *lock(&self.0) = Some(Box::new(Left { tracer: tracer.clone(), last }));
        }
    }

    pub(crate) fn last(&self) -> Option<SpanContext> {
        lock(&self.0).as_ref().map(|left| left.last.clone())
    }

    /// Trace and span of the last one, for log lines.
    pub(crate) fn ids(&self) -> Option<(String, String)> {
        let last = self.last()?;
        Some((last.trace_id().to_string(), last.span_id().to_string()))
    }

    fn left(&self) -> Option<Left> {
        lock(&self.0).as_deref().cloned()
    }

    /// The records that an attempt emits say which: also those that are published after a restart.
    pub(crate) fn hand_on(&self, records: &mut [NewRecord]) {
        let Some(last) = self.last() else { return };
        records.iter_mut().for_each(|record| w3c::inject(&last, &mut record.headers));
    }

    /// Publishes the records, each with a span of its own where they come from one.
    pub(crate) async fn publish(
        &self,
        broker: &Broker,
        records: Vec<NewRecord>,
    ) -> Vec<Result<Placed, PublishError>> {
        match self.left() {
            Some(Left { tracer, .. }) => send::publish(&tracer, broker, records).await,
            None => broker.publish(records).await,
        }
    }

    /// Publishes a dead letter. The producer's headers stay as they are (rule 32): its span is named by one of ours.
    pub(crate) async fn publish_letter(
        &self,
        broker: &Broker,
        letter: NewRecord,
    ) -> Option<Result<Placed, PublishError>> {
        let Some(Left { tracer, last }) = self.left() else {
            return broker.publish(vec![letter]).await.pop();
        };
        let (ack, sent) = send::publish_letter(&tracer, last, broker, letter).await;
        if matches!(ack, Some(Ok(_))) {
            self.leave(&tracer, sent);
        }
        ack
    }
}

/// What is current here, for another thread.
pub(crate) fn current() -> Context {
    Context::current()
}

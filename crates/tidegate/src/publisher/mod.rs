//! Publishing from outside of a handler: HTTP services, jobs, tests.
//!
//! ```text
//!  event ─ prepare: id fixed, encoded ─▶ PreparedEvent ─ send ─▶ Broker ─▶ Published { event_id, partition, offset }
//!                                             ▲                      │
//!                                             └── the same again ◀───┘ no acknowledgement: unknown
//! ```
//!
//! The id is drawn before the first attempt (rule 42): when the acknowledgement is lost, sending the same
//! [`PreparedEvent`] again is the same event, and who handles it knows it as a duplicate (test
//! `a_prepared_event_sent_twice_is_the_same_event`). Inside a handler return an [`Emit`](crate::emit::Emit) instead:
//! it is published when the record settles.

mod error;
mod prepare;
#[cfg(test)]
mod tests;

use crate::broker::{self, Broker, Placed};
use crate::event::EventId;
use crate::message::{NewRecord, Offset, Partition};
use crate::planted::planted;

pub use error::PublishError;
pub use prepare::{NewEvent, PreparedEvent};

#[cfg(feature = "json")]
use crate::codec::{Encode, Json};
#[cfg(feature = "json")]
use crate::event::Event;

/// Publishes events to a broker. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Publisher {
    broker: Broker,
    #[cfg(feature = "otel")]
    tracer: Option<crate::telemetry::Tracer>,
}

/// An event that the broker has acknowledged: it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its id.
    pub event_id: EventId,
    /// Where it stands.
    pub partition: Partition,
    /// Where it stands.
    pub offset: Offset,
}

impl Publisher {
    /// Publishes to this broker.
    #[must_use]
    pub fn new(broker: Broker) -> Self {
        Self {
            broker,
            #[cfg(feature = "otel")]
            tracer: None,
        }
    }

    /// Makes a span for each event: a child of the span that the event names in a `traceparent` of its own, else of the current one.
    /// The event's `traceparent` is replaced by that of its span. Without this nothing is traced, and headers stay as they are.
    #[cfg(feature = "otel")]
    #[must_use]
    pub fn traced(self, tracer: crate::telemetry::Tracer) -> Self {
        Self { tracer: Some(tracer), ..self }
    }

    async fn put(&self, records: Vec<NewRecord>) -> Vec<Result<Placed, broker::PublishError>> {
        #[cfg(feature = "otel")]
        if let Some(tracer) = &self.tracer {
            return crate::telemetry::publish(tracer, &self.broker, records).await;
        }
        self.broker.publish(records).await
    }

    /// Publishes one event as JSON, under a new id. Waits for the acknowledgement.
    ///
    /// # Errors
    /// [`PublishError`]; after one that [is unknown](PublishError::is_unknown) the event may be in the log. Where that
    /// matters, [prepare](NewEvent::prepare) it first, and send the same again.
    #[cfg(feature = "json")]
    pub async fn publish<T: Event>(
        &self,
        topic: impl Into<String>,
        event: T,
    ) -> Result<Published, PublishError>
    where
        Json: Encode<T>,
    {
        self.send(NewEvent::to(topic.into(), event).prepare()?).await
    }

    /// Publishes events as JSON in one batch, each under a new id; a result for each, in order. One that cannot be
    /// encoded does not keep the others back.
    #[cfg(feature = "json")]
    pub async fn publish_all<T: Event>(
        &self,
        topic: impl Into<String>,
        events: Vec<T>,
    ) -> Vec<Result<Published, PublishError>>
    where
        Json: Encode<T>,
    {
        let topic = topic.into();
        let prepared =
            events.into_iter().map(|event| NewEvent::to(topic.as_str(), event).prepare());
        self.send_prepared(prepared.collect()).await
    }

    /// Sends a prepared event. Waits for the acknowledgement.
    ///
    /// # Errors
    /// [`PublishError`]; the event's clone can be sent again, and is the same event.
    pub async fn send(&self, event: PreparedEvent) -> Result<Published, PublishError> {
        let PreparedEvent { event_id, record } = event;
        let ack = self.put(vec![record]).await.pop();
        acknowledged(event_id, ack)
    }

    /// Sends prepared events in one batch; a result for each, in order.
    pub async fn send_all(
        &self,
        events: Vec<PreparedEvent>,
    ) -> Vec<Result<Published, PublishError>> {
        self.send_prepared(events.into_iter().map(Ok).collect()).await
    }

    /// Sends what could be prepared; the errors of the rest stay in their places.
    async fn send_prepared(
        &self,
        events: Vec<Result<PreparedEvent, PublishError>>,
    ) -> Vec<Result<Published, PublishError>> {
        let mut records = Vec::with_capacity(events.len());
        let mut ids = Vec::with_capacity(events.len());
        for event in events {
            ids.push(event.map(|event| {
                records.push(event.record);
                event.event_id
            }));
        }
        let mut acks = match records.is_empty() {
            true => Vec::new(),
            false => self.put(records).await,
        }
        .into_iter();
        ids.into_iter().map(|id| id.and_then(|id| acknowledged(id, acks.next()))).collect()
    }
}

/// A broker answers for each record; a missing answer says nothing about the record.
fn acknowledged(
    event_id: EventId,
    ack: Option<Result<crate::broker::Placed, crate::broker::PublishError>>,
) -> Result<Published, PublishError> {
    if planted!(UnknownIsAcked)
        && let Some(Err(crate::broker::PublishError::Unknown(_))) = ack
    {
        let (partition, offset) = (Partition(0), Offset(0));
        return Ok(Published { event_id, partition, offset });
    }
    let missing = || crate::broker::PublishError::Unknown("the broker gave no answer".into());
    let placed = ack.unwrap_or_else(|| Err(missing()))?;
    Ok(Published { event_id, partition: placed.partition, offset: placed.offset })
}

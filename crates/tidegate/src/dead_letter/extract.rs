//! What a dead-letter handler is given.

use std::sync::Arc;

use crate::class::{Class, Failure};
use crate::codec::Decode;
use crate::dead_letter::Death;
use crate::delivery::Delivery;
use crate::event::{Event, EventId};
use crate::handler::First;
use crate::message::Record;

/// A record that was given up: the first argument of a dead-letter handler.
///
/// The payload may be missing: what cannot be decoded is a dead letter too, and its handler runs all the same.
#[derive(Debug, Clone)]
pub struct DeadLetter<T> {
    payload: Option<T>,
    key: String,
    event_id: EventId,
    record: Arc<Record>,
    death: Arc<Death>,
}

impl<T> DeadLetter<T> {
    /// Why, on one line: the last error and its sources.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.death.failure.message
    }

    /// The class of the last failure.
    #[must_use]
    pub fn class(&self) -> Class {
        self.death.failure.class
    }

    /// How often the handler was called since the last replay.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.death.attempts
    }

    /// All that is known about how it came to this.
    #[must_use]
    pub fn death(&self) -> &Death {
        &self.death
    }

    /// The record's key as text; what is not UTF-8 in it is replaced. Empty for the null key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The event's id.
    #[must_use]
    pub fn event_id(&self) -> &EventId {
        &self.event_id
    }

    /// The event, when its bytes can be decoded.
    #[must_use]
    pub fn payload(&self) -> Option<&T> {
        self.payload.as_ref()
    }

    /// The record as it stands in the source topic.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }
}

impl<T: Event, C: Decode<T>> First<C> for DeadLetter<T> {
    fn decode(codec: &C, delivery: &Delivery) -> Result<Self, Failure> {
        let Some(death) = delivery.dead.clone() else {
            return Err(Failure::new(
                Class::Fatal,
                "a dead-letter handler was called for a live record",
            ));
        };
        let record = delivery.record.clone();
        let key = String::from_utf8_lossy(record.key.as_deref().unwrap_or_default()).into_owned();
        let payload = record.value.as_ref().and_then(|bytes| codec.decode(bytes).ok());
        Ok(Self { payload, key, event_id: delivery.event_id.clone(), record, death })
    }
}

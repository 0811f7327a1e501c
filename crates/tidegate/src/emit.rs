//! Events that a handler emits: published as part of settling its record.
//!
//! ```text
//!  handler ──Emit──▶ Outcome::Done(Emits) ──encode: derived ids──▶ records ──▶ acknowledged, then the offset (rule 4)
//! ```
//!
//! The ids are derived, not drawn ([`derived_id`]): a handler that runs twice emits the same events (rule 42, test
//! `a_second_attempt_emits_the_same_events`).

mod identity;

use std::fmt;

use bytes::Bytes;

pub use identity::{Derivation, derived_id};

#[cfg(feature = "json")]
use crate::codec::Json;
use crate::codec::{Encode, EncodeError};
use crate::event::{Event, Stamp};
use crate::headers::{Headers, names};
use crate::message::{NewRecord, TopicName};

/// One event that a handler emits, and where it goes.
#[must_use = "an event is emitted by returning it from the handler"]
pub struct Emit<T> {
    topic: String,
    event: T,
    codec: Box<dyn Encode<T>>,
}

impl<T: Event> Emit<T> {
    /// Emits the event to this topic, as JSON.
    #[cfg(feature = "json")]
    pub fn to(topic: impl Into<String>, event: T) -> Self
    where
        Json: Encode<T>,
    {
        Self::with(Json, topic, event)
    }

    /// Emits the event to this topic, in this format.
    pub fn with(codec: impl Encode<T>, topic: impl Into<String>, event: T) -> Self {
        Self { topic: topic.into(), event, codec: Box::new(codec) }
    }
}

impl<T: Event> fmt::Debug for Emit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the event: it may hold what must not be in logs.
        f.debug_struct("Emit").field("topic", &self.topic).field("type", &T::TYPE).finish()
    }
}

/// Events to be published when the handler's record settles, in order.
#[derive(Debug, Default)]
pub struct Emits(Vec<Box<dyn Emittable>>);

/// One event that can be encoded once its identity is known.
pub(crate) trait Emittable: Send + Sync + fmt::Debug {
    fn encode(self: Box<Self>, stamp: &Stamp) -> Result<NewRecord, String>;
}

impl<T: Event> Emittable for Emit<T> {
    fn encode(self: Box<Self>, stamp: &Stamp) -> Result<NewRecord, String> {
        let Self { topic, mut event, codec } = *self;
        let said = |e: &dyn fmt::Display| format!("`{}` cannot be emitted: {e}", T::TYPE);
        let topic = TopicName::new(topic).map_err(|e| said(&e))?;
        record_of(topic, &mut event, stamp, codec.as_ref()).map_err(|e| said(&e))
    }
}

/// The record of an event: key, body, and the headers of its identity. `stamp` is called first.
pub(crate) fn record_of<T: Event>(
    topic: TopicName,
    event: &mut T,
    stamp: &Stamp,
    codec: &dyn Encode<T>,
) -> Result<NewRecord, EncodeError> {
    event.stamp(stamp);
    let mut record = NewRecord::new(topic).value(codec.encode(event)?);
    record.key = event.key().into_bytes();
    record.headers = Headers::with_capacity(4);
    let text = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    let id = text(stamp.event_id.as_str());
    // The first event of a request is its own correlation: one text for both.
    let is_first = stamp.correlation_id == stamp.event_id.as_str();
    let correlation = if is_first { id.clone() } else { text(&stamp.correlation_id) };
    record.headers.push(names::EVENT_ID, id);
    record.headers.push(names::EVENT_TYPE, T::TYPE);
    record.headers.push(names::CORRELATION_ID, correlation);
    if let Some(cause) = &stamp.causation_id {
        record.headers.push(names::CAUSATION_ID, text(cause.as_str()));
    }
    Ok(record)
}

impl Emits {
    /// Nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is emitted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Emits one more event, of any type.
    pub fn push<T: Event>(&mut self, emit: Emit<T>) {
        self.0.push(Box::new(emit));
    }

    /// Encodes all of them, with ids derived from their cause. `stamp` is asked for each one's identity, by ordinal.
    pub(crate) fn encode(self, stamp: impl Fn(u32) -> Stamp) -> Result<Vec<NewRecord>, String> {
        (0..).zip(self.0).map(|(ordinal, emit)| emit.encode(&stamp(ordinal))).collect()
    }
}

impl<T: Event> FromIterator<Emit<T>> for Emits {
    fn from_iter<I: IntoIterator<Item = Emit<T>>>(emits: I) -> Self {
        let mut all = Self::none();
        all.extend(emits);
        all
    }
}

impl<T: Event> Extend<Emit<T>> for Emits {
    fn extend<I: IntoIterator<Item = Emit<T>>>(&mut self, emits: I) {
        emits.into_iter().for_each(|emit| self.push(emit));
    }
}

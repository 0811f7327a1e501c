//! Events: the typed values that travel, and their identity.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::message::Timestamp;

/// A typed event. Implemented by hand: four lines, no macro.
///
/// ```
/// use tidegate::event::{Event, Key};
///
/// struct Greeting { name: String }
/// impl Event for Greeting {
///     const TYPE: &'static str = "greeting.sent";
///     fn key(&self) -> Key<'_> { Key::from(&self.name) }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "implement `tidegate::event::Event` for it: its type's name and its key"
)]
pub trait Event: Send + Sync + 'static {
    /// The event type's name: chooses the handler, and names it. Written to the header `event_type`.
    const TYPE: &'static str;

    /// The record's key: same key, same partition, in order.
    fn key(&self) -> Key<'_>;

    /// Called before the event is encoded, for events that repeat their identity in the body. Default: nothing.
    fn stamp(&mut self, stamp: &Stamp) {
        let _ = stamp;
    }
}

/// The key of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key<'a>(Option<Cow<'a, [u8]>>);

impl<'a> Key<'a> {
    /// Kafka's null key: any partition, no order.
    pub const NONE: Key<'static> = Key(None);

    /// The bytes; `None` is the null key.
    #[must_use]
    pub fn into_bytes(self) -> Option<Bytes> {
        self.0.map(|bytes| Bytes::from(bytes.into_owned()))
    }
}

impl<'a, T: AsRef<[u8]> + ?Sized> From<&'a T> for Key<'a> {
    fn from(key: &'a T) -> Self {
        Self(Some(Cow::Borrowed(key.as_ref())))
    }
}

impl From<String> for Key<'static> {
    fn from(key: String) -> Self {
        Self(Some(Cow::Owned(key.into_bytes())))
    }
}

/// The identity that an event gets when it is published or emitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Its id: UUIDv7 at the edge, derived (UUIDv8) when a handler emits it (rule 42).
    pub event_id: EventId,
    /// Names everything that belongs to one request.
    pub correlation_id: String,
    /// The event that caused this one, if any.
    pub causation_id: Option<EventId>,
    /// When it came to be; for a derived event the time of its cause, so that a second attempt is the same event.
    pub at: Timestamp,
}

/// An event's id: the text of the header `event_id`, usually a UUID; or made from its origin
/// (`topic/partition/offset`) when the producer gave none (rule 24).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(String);

impl EventId {
    /// The longest id that travels, in bytes: room for an origin (`topic/partition/offset`) with the longest topic name.
    pub const MAX_LEN: usize = 288;

    /// Wraps a producer's id.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// A new UUIDv7: for events born at the edge. Draw it once, before the first attempt to publish (rule 42).
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

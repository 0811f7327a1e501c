//! An event on its way in: what is said about it, and the record that becomes of it.

use std::fmt;
use std::time::SystemTime;

use crate::codec::Encode;
#[cfg(feature = "json")]
use crate::codec::Json;
use crate::emit::record_of;
use crate::event::{Event, EventId, Stamp};
use crate::headers::{Headers, names};
use crate::message::{InvalidTopicName, NewRecord, Timestamp, TopicName};
use crate::publisher::PublishError;

/// The longest id, in bytes: longer ones are undecodable for readers.
const MAX_ID: usize = EventId::MAX_LEN;

/// An event, where it goes, and what is said about it.
///
/// ```
/// use tidegate::prelude::*;
/// # #[derive(serde::Serialize)] struct Greeting { name: String }
/// # impl Event for Greeting {
/// #     const TYPE: &'static str = "greeting.sent";
/// #     fn key(&self) -> Key<'_> { Key::from(&self.name) }
/// # }
/// let prepared = NewEvent::to("greetings", Greeting { name: "Ada".into() })
///     .correlation("request-7")
///     .header("tenant", "acme")
///     .prepare()?;
/// assert_eq!(prepared.record().headers.text("correlation_id"), Some("request-7"));
/// # Ok::<(), tidegate::publisher::PublishError>(())
/// ```
#[must_use = "an event is published by `prepare` and `Publisher::send`"]
pub struct NewEvent<T> {
    topic: Result<TopicName, InvalidTopicName>,
    event: T,
    codec: Box<dyn Encode<T>>,
    id: Option<EventId>,
    correlation: Option<String>,
    causation: Option<EventId>,
    at: Option<Timestamp>,
    headers: Headers,
}

impl<T: Event> NewEvent<T> {
    /// An event for this topic, as JSON. The topic is a [`TopicName`] or a text that is checked when the event is
    /// prepared.
    #[cfg(feature = "json")]
    pub fn to<N>(topic: N, event: T) -> Self
    where
        Json: Encode<T>,
        N: TryInto<TopicName, Error: Into<InvalidTopicName>>,
    {
        Self::with(Json, topic, event)
    }

    /// An event for this topic, in this format.
    pub fn with<N>(codec: impl Encode<T>, topic: N, event: T) -> Self
    where
        N: TryInto<TopicName, Error: Into<InvalidTopicName>>,
    {
        Self {
            topic: topic.try_into().map_err(Into::into),
            event,
            codec: Box::new(codec),
            id: None,
            correlation: None,
            causation: None,
            at: None,
            headers: Headers::new(),
        }
    }

    /// Its id. Default: a new UUIDv7.
    pub fn id(mut self, id: EventId) -> Self {
        self.id = Some(id);
        self
    }

    /// Names everything that belongs to one request. Default: the event's id.
    pub fn correlation(mut self, id: impl Into<String>) -> Self {
        self.correlation = Some(id.into());
        self
    }

    /// The event that caused it. Default: none.
    pub fn caused_by(mut self, id: EventId) -> Self {
        self.causation = Some(id);
        self
    }

    /// When it came to be. Default: now.
    pub fn at(mut self, at: Timestamp) -> Self {
        self.at = Some(at);
        self
    }

    /// A header of the event's own, behind those of its identity. Names of the framework are refused.
    pub fn header(mut self, name: &str, value: impl Into<bytes::Bytes>) -> Self {
        self.headers.push(name, value);
        self
    }

    /// Fixes id and bytes. Nothing is sent yet.
    ///
    /// # Errors
    /// When the topic, an id or a header is not legal, or the event cannot be encoded.
    pub fn prepare(self) -> Result<PreparedEvent, PublishError> {
        self.prepare_and_keep().map(|(prepared, _)| prepared)
    }

    /// As [`prepare`](Self::prepare), and gives the event back as it was written: stamped with its ids.
    ///
    /// # Errors
    /// As `prepare`.
    pub fn prepare_and_keep(mut self) -> Result<(PreparedEvent, T), PublishError> {
        let topic = self.topic?;
        refuse_reserved(&self.headers)?;
        let event_id = self.id.unwrap_or_else(EventId::random);
        let correlation_id = self.correlation.unwrap_or_else(|| event_id.to_string());
        check_id("the event id", event_id.as_str())?;
        check_id("the correlation id", &correlation_id)?;
        self.causation.iter().try_for_each(|id| check_id("the causation id", id.as_str()))?;
        let stamp = Stamp {
            event_id,
            correlation_id,
            causation_id: self.causation,
            at: self.at.unwrap_or_else(now),
        };
        let mut record = record_of(topic, &mut self.event, &stamp, self.codec.as_ref())
            .map_err(|source| PublishError::Encode { event_type: T::TYPE, source })?;
        self.headers.iter().cloned().for_each(|header| record.headers.push_raw(header));
        Ok((PreparedEvent { event_id: stamp.event_id, record }, self.event))
    }
}

impl<T: Event> fmt::Debug for NewEvent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the event: it may hold what must not be in logs.
        let topic = self.topic.as_ref().map_or_else(|wrong| wrong.name.as_str(), TopicName::as_str);
        f.debug_struct("NewEvent").field("topic", &topic).field("type", &T::TYPE).finish()
    }
}

/// An event whose id and bytes are fixed: sent once or many times, it is one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedEvent {
    pub(super) event_id: EventId,
    pub(super) record: NewRecord,
}

impl PreparedEvent {
    /// An event that was written already.
    #[cfg(feature = "testing")]
    pub(crate) fn of(event_id: EventId, record: NewRecord) -> Self {
        Self { event_id, record }
    }

    /// Its id.
    #[must_use]
    pub fn event_id(&self) -> &EventId {
        &self.event_id
    }

    /// What will be written.
    #[must_use]
    pub fn record(&self) -> &NewRecord {
        &self.record
    }
}

fn refuse_reserved(headers: &Headers) -> Result<(), PublishError> {
    const IDENTITY: [&str; 6] = [
        names::EVENT_ID,
        names::EVENT_TYPE,
        names::CE_ID,
        names::CE_TYPE,
        names::CORRELATION_ID,
        names::CAUSATION_ID,
    ];
    let reserved = |name: &str| name.starts_with(names::PREFIX) || IDENTITY.contains(&name);
    match headers.iter().find(|header| reserved(&header.name)) {
        Some(header) => Err(PublishError::ReservedHeader { name: header.name.to_string() }),
        None => Ok(()),
    }
}

fn check_id(what: &'static str, id: &str) -> Result<(), PublishError> {
    let legal = (1..=MAX_ID).contains(&id.len()) && !id.chars().any(char::is_control);
    if legal { Ok(()) } else { Err(PublishError::InvalidId { what }) }
}

/// The wall clock: an event at the edge is made once, so that its time need not be reproducible.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

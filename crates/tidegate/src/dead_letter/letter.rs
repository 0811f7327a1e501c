//! Reads dead letters back, and makes replays of them.

use bytes::Bytes;

use crate::consumer::core::Attempt;
use crate::dead_letter::origin::{Origin, number};
use crate::dead_letter::{history, trace, write};
use crate::event::EventId;
use crate::headers::{Headers, names};
use crate::message::{NewRecord, Record, Timestamp};
use crate::router::identity::{ReadEnvelope, identify};
use crate::text::escaped;

/// A dead letter, as operators see it. What a header does not say, or says unreadably, is `None`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Letter {
    /// Where the dead letter stands: `topic/partition/offset`.
    pub coordinates: String,
    /// The version of its headers.
    pub version: u32,
    /// The event's id.
    pub event_id: EventId,
    /// The event's type.
    pub event_type: Option<String>,
    /// Names everything that belongs to one request.
    pub correlation_id: String,
    /// Where the record first stood.
    pub origin: Option<Origin>,
    /// The consumer group that gave up.
    pub group: Option<String>,
    /// The handler that gave up.
    pub handler: Option<String>,
    /// The service that gave up.
    pub service: Option<String>,
    /// Class of the last failure, as text.
    pub class: Option<String>,
    /// The last error.
    pub reason: Option<String>,
    /// Handler calls since the last replay.
    pub attempts: Option<u32>,
    /// The last attempts over all replays, oldest first.
    pub history: Vec<Attempt>,
    /// When it was dead-lettered.
    pub dead_at: Option<Timestamp>,
    /// The value did not fit: it stands at the origin (rule 5).
    pub pointer: bool,
    /// The span that sent the letter, in W3C's form: where the replay's trace goes on. `None` where nothing was traced.
    pub traceparent: Option<String>,
    /// The producer's key.
    pub key: Option<Bytes>,
    /// The producer's value.
    pub value: Option<Bytes>,
    /// The producer's headers.
    pub headers: Headers,
}

/// Why a dead letter cannot be sent back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotReplayable {
    /// No origin, or no group: it was not written by this framework, or not in full.
    #[error("dead letter {0} does not say where it came from, or which group gave it up")]
    Incomplete(String),
    /// The value was too large for the dead-letter topic.
    #[error("dead letter {letter} is only a pointer: the record itself stands at {origin}")]
    Pointer {
        /// The dead letter's coordinates.
        letter: String,
        /// Where the value is.
        origin: String,
    },
}

impl Letter {
    /// Reads a record of a dead-letter topic. `None` when it is no dead letter of ours. Never fails otherwise: headers
    /// that cannot be read are left out.
    #[must_use]
    pub fn parse(record: &Record) -> Option<Self> {
        let headers = &record.headers;
        let version = number(headers, names::DLQ_VERSION)?;
        let text = |name| headers.text(name).map(str::to_owned);
        let identity = identify(record, &envelope(), |_| None);
        Some(Self {
            coordinates: format!("{}/{}", record.topic_partition(), record.offset),
            version,
            event_id: identity.event_id,
            event_type: identity.event_type.ok().map(|name| name.to_string()),
            correlation_id: identity.correlation_id.to_string(),
            origin: Origin::from_headers(headers),
            group: text(names::GROUP),
            handler: text(names::HANDLER),
            service: text(names::SERVICE),
            class: text(names::CLASS),
            reason: text(names::REASON),
            attempts: number(headers, names::ATTEMPTS),
            history: history::read(headers),
            dead_at: time(headers),
            pointer: headers.text(names::DLQ_POINTER) == Some("true"),
            traceparent: text(names::DLQ_TRACEPARENT),
            key: record.key.clone(),
            value: record.value.clone(),
            headers: write::original(headers),
        })
    }

    /// The record that sends it back: to the origin's topic and partition, as the producer wrote it, with what the owner
    /// needs to decide (rule 31). The count of attempts starts anew; origin and history stay with it.
    ///
    /// # Errors
    /// [`NotReplayable`] when the letter does not hold all that is needed.
    pub fn replay(&self, job: &str, at: Timestamp) -> Result<NewRecord, NotReplayable> {
        let (Some(origin), Some(group)) = (&self.origin, &self.group) else {
            return Err(NotReplayable::Incomplete(self.coordinates.clone()));
        };
        if self.pointer {
            let (letter, origin) = (self.coordinates.clone(), origin.to_string());
            return Err(NotReplayable::Pointer { letter, origin });
        }
        let mut record = NewRecord::new(origin.topic.clone()).partition(origin.partition);
        record.key.clone_from(&self.key);
        record.value.clone_from(&self.value);
        record.headers = self.headers.clone();
        if let Some(last) = &self.traceparent {
            // In the place of the producer's: the trace goes on from the letter (rule 41).
            record.headers.replace(names::TRACEPARENT, last.clone());
        }
        origin.push_to(&mut record.headers);
        trace::keep(&self.headers, &mut record.headers);
        record.headers.push(names::HISTORY, history::write(self.history.clone()));
        record.headers.push(names::REPLAYED, "true");
        record.headers.push(names::REPLAY_TIME, write::rfc3339(at));
        record.headers.push(names::REPLAY_JOB, escaped(job, 256));
        record.headers.push(names::REPLAY_LETTER, self.coordinates.clone());
        record.headers.push(names::REPLAY_GROUP, group.clone());
        Ok(record)
    }
}

/// When it was dead-lettered.
fn time(headers: &Headers) -> Option<Timestamp> {
    let at: jiff::Timestamp = headers.text(names::DEAD_AT)?.parse().ok()?;
    Some(Timestamp(at.as_millisecond()))
}

/// How to find an identity in a body whose topic's format is not known: JSON, or not at all.
fn envelope() -> ReadEnvelope {
    #[cfg(feature = "json")]
    let read = |body: &[u8]| crate::codec::Codec::envelope(&crate::codec::Json, body);
    #[cfg(not(feature = "json"))]
    let read = |_: &[u8]| Ok(crate::codec::Envelope::default());
    std::sync::Arc::new(read)
}

//! Extractors that tell something about the delivery. None of them can fail.

use std::convert::Infallible;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::delivery::Delivery;
use crate::event::EventId;
use crate::extract::FromDelivery;
use crate::headers::{Headers, names};
use crate::message::{Offset, Partition, Record, Timestamp, TopicName};

/// Which attempt it is, from 1. A replay starts anew. Shown as the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt(pub u32);

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Names everything that belongs to one request: from the record, or else the event's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrelationId(pub Arc<str>);

impl Deref for CorrelationId {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the record stands, and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: Partition,
    /// The offset.
    pub offset: Offset,
    /// When it was made, or appended.
    pub timestamp: Timestamp,
}

impl Meta {
    pub(crate) fn of(record: &Record) -> Self {
        let Record { partition, offset, timestamp, .. } = *record;
        Self { topic: record.topic.clone(), partition, offset, timestamp }
    }
}

/// The record as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw(pub Arc<Record>);

impl Deref for Raw {
    type Target = Record;
    fn deref(&self) -> &Record {
        &self.0
    }
}

/// Whether the record is a replay, and of what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replay {
    job: Option<String>,
    letter: Option<String>,
}

impl Replay {
    pub(crate) fn of(headers: &Headers) -> Self {
        let text = |name| headers.text(name).map(str::to_owned);
        Self { job: text(names::REPLAY_JOB), letter: text(names::REPLAY_LETTER) }
    }

    /// Whether the record was replayed.
    #[must_use]
    pub fn is_replay(&self) -> bool {
        self.letter.is_some()
    }

    /// The replay job's id.
    #[must_use]
    pub fn job(&self) -> Option<&str> {
        self.job.as_deref()
    }

    /// The dead letter's coordinates: `topic/partition/offset`.
    #[must_use]
    pub fn letter(&self) -> Option<&str> {
        self.letter.as_deref()
    }
}

macro_rules! always {
    ($($name:ty: $delivery:ident => $value:expr;)*) => {$(
        impl<S: Sync> FromDelivery<S> for $name {
            type Rejection = Infallible;
            async fn from_delivery($delivery: &Delivery, _: &S) -> Result<Self, Infallible> {
                Ok($value)
            }
        }
    )*};
}

always! {
    Attempt: d => Self(d.attempt);
    EventId: d => d.event_id.clone();
    CorrelationId: d => Self(d.correlation_id.clone());
    Headers: d => d.record.headers.clone();
    Raw: d => Self(d.record.clone());
    Replay: d => Self::of(&d.record.headers);
    Meta: d => Self::of(&d.record);
    Delivery: d => d.clone();
}

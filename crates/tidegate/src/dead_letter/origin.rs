//! Where a record first stood: a dead letter and a replay carry it along.

use std::fmt;
use std::str::FromStr;

use crate::event::EventId;
use crate::headers::{Headers, names};
use crate::message::{Offset, Partition, Record, Timestamp, TopicName};

/// The first place of a record, kept over dead-lettering and replay (rule 32).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: Partition,
    /// The offset.
    pub offset: Offset,
    /// Its time there.
    pub timestamp: Timestamp,
}

impl Origin {
    /// The record's first place: as its headers say, or where it stands.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        Self::from_headers(&record.headers).unwrap_or_else(|| Self {
            topic: record.topic.clone(),
            partition: record.partition,
            offset: record.offset,
            timestamp: record.timestamp,
        })
    }

    /// As headers say; `None` when they don't, or not in full.
    #[must_use]
    pub fn from_headers(headers: &Headers) -> Option<Self> {
        Some(Self {
            topic: TopicName::new(headers.text(names::ORIGIN_TOPIC)?).ok()?,
            partition: Partition(number(headers, names::ORIGIN_PARTITION)?),
            offset: Offset(number(headers, names::ORIGIN_OFFSET)?),
            timestamp: Timestamp(number(headers, names::ORIGIN_TIMESTAMP)?),
        })
    }

    /// The identity of a record whose producer gave it none (rule 24).
    #[must_use]
    pub fn event_id(&self) -> EventId {
        EventId::new(self.to_string())
    }

    pub(super) fn push_to(&self, headers: &mut Headers) {
        headers.push(names::ORIGIN_TOPIC, self.topic.to_string());
        headers.push(names::ORIGIN_PARTITION, self.partition.to_string());
        headers.push(names::ORIGIN_OFFSET, self.offset.to_string());
        headers.push(names::ORIGIN_TIMESTAMP, self.timestamp.0.to_string());
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.topic, self.partition, self.offset)
    }
}

/// A number in decimal text.
pub(super) fn number<N: FromStr>(headers: &Headers, name: &str) -> Option<N> {
    headers.text(name)?.parse().ok()
}

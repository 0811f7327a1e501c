//! One record that waits.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::companion::entry::Entry;
use crate::consumer::core::{Hold, Stamp};
use crate::headers::names;
use crate::message::{Offset, Partition, Timestamp, TopicId};

/// What a record waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waits {
    /// For its time.
    Due(Timestamp),
    /// Behind another record of its key.
    Behind,
    /// It is dead-lettered: those behind it in its key wait for an operator.
    Held,
    /// It is dead-lettered, and not settled yet: its owner is about it, or the next owner makes its last attempt again.
    Settling,
}

/// A record that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// Its partition in the source topic.
    pub partition: Partition,
    /// Its offset there.
    pub offset: Offset,
    /// Which topic of the source's name it is of, where the log says so. Of several, the source that is there now is that of the
    /// highest [`term`](Self::term); what waits of the others is left alone by everybody
    /// ([`OrphanEntry`](crate::events::RuntimeEvent::OrphanEntry)).
    pub topic_id: Option<TopicId>,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its event's id, where a header has it.
    pub event_id: Option<String>,
    /// Its event's type, where a header has it.
    pub event_type: Option<String>,
    /// Failed attempts so far.
    pub attempts: u32,
    /// The last attempt's error, where it is known.
    pub error: Option<String>,
    /// What it waits for.
    pub waits: Waits,
    /// The ownership that has written this, counted for each partition.
    pub term: u64,
    /// All that is written of it; what counts is last.
    pub(super) written: Vec<Stamp>,
}

impl Waiting {
    pub(super) fn of(entry: &Entry) -> Self {
        let record = &entry.record;
        let header = |name| record.headers.text(name).map(str::to_owned);
        Self {
            partition: record.partition,
            offset: record.offset,
            topic_id: entry.topic_id,
            key: record.key.clone(),
            event_id: header(names::EVENT_ID),
            event_type: header(names::EVENT_TYPE),
            attempts: entry.id.stamp.attempt,
            error: entry.history.last().map(|attempt| attempt.error.clone()),
            waits: match (entry.hold, entry.id.stamp.attempt) {
                (Hold::Key, _) => Waits::Held,
                (Hold::Dead, _) => Waits::Settling,
                (Hold::No, 0) => Waits::Behind,
                (Hold::No, _) => Waits::Due(entry.due),
            },
            term: entry.id.stamp.term,
            written: Vec::new(),
        }
    }

    /// Of all that is written of one record the highest attempt counts (rule 22).
    pub(super) fn of_writings(writings: BTreeMap<Stamp, Self>) -> Option<Self> {
        let written = writings.keys().copied().collect();
        let (_, counts) = writings.into_iter().next_back()?;
        Some(Self { written, ..counts })
    }
}

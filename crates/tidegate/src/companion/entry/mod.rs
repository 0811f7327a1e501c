//! An entry of the retry schedule: a record that waits for its next attempt, or behind another one of its key (rule 22).
//!
//! The companion record's key is its [`EntryId`] as text ([`key`]), its value everything else ([`envelope`]), and its headers
//! are for operators alone. What is settled gets a tombstone: the same key without a value. The form has a version, and a
//! golden file (`tests/golden/schedule-entry-v1.txt`).

mod envelope;
mod error;
mod key;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::de::{DeserializeOwned, IgnoredAny};

use crate::companion::entry::envelope::Head;
use crate::consumer::core::{Attempt, Hold, Stamp};
use crate::dead_letter::rfc3339;
use crate::event::EventId;
use crate::headers::{Headers, names};
use crate::message::{
    NewRecord, Offset, Partition, Record, Timestamp, TopicId, TopicName, TopicPartition,
};
use crate::text::escaped;

pub(crate) use error::{EntryError, Place};

/// The version that is written. Version n reads n-1.
const VERSION: u8 = 1;
/// The highest version of a value that can be read.
const LATEST: u8 = 2;

/// The longest business key in a header, in bytes: a key may be as large as a record.
const MAX_KEY: usize = 256;

/// What the header says instead of a time, where the record is never due.
const HELD: &str = "held";

/// Names one entry: an origin record, in the companion's own partition, and which writing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EntryId {
    /// The record's offset in the source partition.
    pub(crate) origin: Offset,
    /// Attempt, and who has written it.
    pub(crate) stamp: Stamp,
}

/// What the schedule holds of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) id: EntryId,
    /// Attempts whose effect is unknown.
    pub(crate) unknown: u32,
    /// When it is due, by the wall clock. Fixed when it was scheduled (rule 19).
    pub(crate) due: Timestamp,
    /// The delay that was drawn then: whatever the wall clock says, nobody waits longer. Whole milliseconds.
    pub(crate) delay: Duration,
    /// How long the record had been tried then. Whole milliseconds.
    pub(crate) active: Duration,
    /// The attempts so far, oldest first; written in the same bounds as a dead letter's.
    pub(crate) history: Vec<Attempt>,
    /// Whether it is dead-lettered, and holds its key.
    pub(crate) hold: Hold,
    /// Which topic of its name the record is of, if the log says so: what an offset means (rule 7).
    pub(crate) topic_id: Option<TopicId>,
    /// The original, as it stands in the source partition.
    pub(crate) record: Record,
}

/// What is to be known of an entry before it is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Brief {
    /// See [`Entry::id`].
    pub(crate) id: EntryId,
    /// See [`Entry::due`].
    pub(crate) due: Timestamp,
    /// See [`Entry::delay`].
    pub(crate) delay: Duration,
    /// See [`Entry::hold`].
    pub(crate) hold: Hold,
    /// See [`Entry::topic_id`].
    pub(crate) topic_id: Option<TopicId>,
    /// See [`Entry::record`].
    pub(crate) record: Record,
}

/// What a record of a companion says: of an entry all, or what is to be known before it is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found<E = Box<Entry>> {
    /// A record waits.
    Entry(E),
    /// An entry is settled.
    Tombstone(EntryId),
    /// It belongs to another group (rule 24: ignored, and alarmed).
    Foreign {
        /// Whose it is.
        group: String,
    },
}

/// Writes and reads the entries of one group for one source topic.
#[derive(Debug, Clone)]
pub(crate) struct Scribe {
    /// The consumer group.
    pub(crate) group: String,
    /// Where the records come from.
    pub(crate) source: TopicName,
    /// Where the entries go.
    pub(crate) companion: TopicName,
    /// How their keys begin.
    prefix: String,
}

impl Scribe {
    pub(crate) fn new(group: String, source: TopicName, companion: TopicName) -> Self {
        let prefix = key::prefix(&group, &source);
        Self { group, source, companion, prefix }
    }

    /// The companion record of an entry, for the partition of its record. It is at most 64 KiB larger than that (rule 5).
    pub(crate) fn entry(&self, entry: &Entry) -> NewRecord {
        let record = &entry.record;
        debug_assert!(record.topic == self.source && record.offset == entry.id.origin);
        let key = self.key(record.partition, entry.id);
        let value = envelope::write(key.as_bytes(), entry);
        NewRecord {
            headers: for_operators(entry),
            ..NewRecord::new(self.companion.clone())
                .partition(record.partition)
                .key(key)
                .value(value)
        }
    }

    /// What settles an entry.
    pub(crate) fn tombstone(&self, partition: Partition, id: EntryId) -> NewRecord {
        NewRecord::new(self.companion.clone()).partition(partition).key(self.key(partition, id))
    }

    /// Reads a record of the companion.
    ///
    /// # Errors
    /// [`EntryError`] when it is none of ours, of a newer version, or damaged.
    pub(crate) fn read(&self, record: &Record) -> Result<Found, EntryError> {
        self.find(record, |id, head, record| {
            let (delay, active, hold) = (head.delay(), head.active(), head.hold());
            let Head { unknown, due, history, topic_id, .. } = head;
            Box::new(Entry { id, unknown, due, delay, active, history, hold, topic_id, record })
        })
    }

    /// The same without what the attempts were: they are neither read nor checked, but for the sum over all.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn brief(&self, record: &Record) -> Result<Found<Brief>, EntryError> {
        self.find(record, |id, head: Head<IgnoredAny>, record| {
            let (delay, hold) = (head.delay(), head.hold());
            Brief { id, due: head.due, delay, hold, topic_id: head.topic_id, record }
        })
    }

    fn find<H: DeserializeOwned, E>(
        &self,
        record: &Record,
        entry: impl FnOnce(EntryId, Head<H>, Record) -> E,
    ) -> Result<Found<E>, EntryError> {
        let place = || Place::of(record);
        let key = record.key.as_deref().ok_or_else(|| EntryError::NotOurs { place: place() })?;
        let Some(id) = key::read_own(key, &self.prefix, record.partition) else {
            return self.not_own(key, place()).map(|group| Found::Foreign { group });
        };
        let Some(value) = &record.value else { return Ok(Found::Tombstone(id)) };
        let origin = TopicPartition::new(self.source.clone(), record.partition);
        match envelope::read(key, value.clone(), &origin, id.origin) {
            Ok((head, record)) => Ok(Found::Entry(entry(id, head, record))),
            Err(fault) => Err(fault.at(place(), origin, id)),
        }
    }

    /// Whose it is, or what is wrong with it.
    fn not_own(&self, key: &[u8], place: Place) -> Result<String, EntryError> {
        let key = key::read(key).map_err(|fault| fault.at(place.clone()))?;
        if key.group == self.group {
            return Err(EntryError::Elsewhere { place, origin: key.origin });
        }
        Ok(key.group)
    }

    fn key(&self, partition: Partition, id: EntryId) -> String {
        key::write(&self.prefix, partition, id)
    }
}

/// What an operator wants to see of an entry without a program that reads it. Nothing reads them back.
fn for_operators(entry: &Entry) -> Headers {
    let mut headers = Headers::new();
    let due = match entry.hold {
        Hold::Key => HELD.to_owned(),
        Hold::No | Hold::Dead => rfc3339(entry.due),
    };
    headers.push(names::RETRY_DUE, due);
    let key = entry.record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
    if let Some(key) = key {
        headers.push(names::RETRY_KEY, escaped(key, MAX_KEY));
    }
    if let Some(id) = entry.record.headers.text(names::CORRELATION_ID) {
        headers.push(names::CORRELATION_ID, escaped(id, EventId::MAX_LEN));
    }
    headers
}

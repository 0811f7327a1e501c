//! Records of a companion that cannot be used.

use std::fmt;

use crate::companion::entry::{EntryId, LATEST};
use crate::message::{Offset, Record, TopicPartition};

/// Where a companion record stands. Shown as `orders.shop.retry/3 offset 12`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The companion's partition.
    pub(crate) partition: TopicPartition,
    /// The record in it.
    pub(crate) offset: Offset,
}

impl Place {
    pub(super) fn of(record: &Record) -> Self {
        Self { partition: record.topic_partition(), offset: record.offset }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} offset {}", self.partition, self.offset)
    }
}

/// A record of a companion that cannot be used: what, where, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EntryError {
    /// Somebody else writes to this topic.
    #[error(
        "{place} was not written by Tidegate: its key does not begin with `tidegate/`; find out who writes to this topic, and \
         let nobody else do it"
    )]
    NotOurs {
        /// Where it stands.
        place: Place,
    },
    /// Written by a later version of the framework.
    #[error(
        "{place} is of version {version}, and this program reads those up to {LATEST}: a newer member of the group wrote it; update \
         this one"
    )]
    Newer {
        /// Where it stands.
        place: Place,
        /// Its version.
        version: u32,
    },
    /// An entry of another partition, or of another topic.
    #[error(
        "{place} is about {origin}, whose entries do not belong there: give each source topic a companion of its own, and copy \
         none from one partition to another"
    )]
    Elsewhere {
        /// Where it stands.
        place: Place,
        /// What it is about.
        origin: TopicPartition,
    },
    /// The key begins as ours do, and cannot be read.
    #[error(
        "{place} has a damaged key: which record waited there is not known; compare the topic with its copies on other brokers"
    )]
    Key {
        /// Where it stands.
        place: Place,
    },
    /// The key can be read, and the value cannot.
    #[error(
        "{place} is damaged ({what}): the retry of {origin}/{offset} after attempt {attempt} is lost with it; process that record \
         from its own topic, then publish the entry's key without a value",
        offset = .id.origin,
        attempt = .id.stamp.attempt
    )]
    Damaged {
        /// Where it stands.
        place: Place,
        /// The partition of the record that waited.
        origin: TopicPartition,
        /// The entry.
        id: EntryId,
        /// What was found.
        what: &'static str,
    },
}

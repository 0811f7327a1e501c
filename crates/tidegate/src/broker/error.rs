//! What can go wrong at the seam. Each error names the place, and what to do where that is known.

use crate::message::{Offset, TopicName, TopicPartition};

/// A publish that was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The topic does not exist. Nothing was written.
    #[error("topic {0} does not exist: create it first")]
    UnknownTopic(TopicName),
    /// The partition does not exist. Nothing was written.
    #[error("{0} does not exist")]
    UnknownPartition(TopicPartition),
    /// Larger than the topic takes. Nothing was written.
    #[error("a record of {size} bytes is too large for {topic}, which takes {limit}")]
    TooLarge {
        /// The topic.
        topic: TopicName,
        /// Bytes of the record.
        size: usize,
        /// Bytes that the topic takes.
        limit: usize,
    },
    /// The topic is compacted, and what has no key could never be kept (Kafka's INVALID_RECORD). Nothing was written.
    #[error("topic {0} is compacted: every record needs a key")]
    KeyMissing(TopicName),
    /// The local queue is full: slow down and try again. Nothing was written.
    #[error("the publish queue is full: slow down and try again")]
    QueueFull,
    /// The log cannot be written now (disk full, brokers gone). Nothing was written.
    #[error("the log cannot be written: {0}")]
    Unavailable(String),
    /// No answer: the record may be in the log, or not. A second try must keep the event's id.
    #[error("no acknowledgement: the record may or may not be in the log: {0}")]
    Unknown(String),
    /// The broker was closed. Nothing was written.
    #[error("the broker is closed")]
    Closed,
}

impl PublishError {
    /// Whether the record may have been persisted although no acknowledgement came.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }
}

/// A read, subscription or question that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// The topic does not exist.
    #[error("topic {0} does not exist: create it first")]
    UnknownTopic(TopicName),
    /// The partition does not exist.
    #[error("{0} does not exist")]
    UnknownPartition(TopicPartition),
    /// The offset lies outside of the log (rule 7: loud, never a silent jump).
    #[error("offset {offset} of {partition} is out of range: the log holds {start} to {end}")]
    OutOfRange {
        /// The partition.
        partition: TopicPartition,
        /// What was asked for.
        offset: Offset,
        /// The log's first offset.
        start: Offset,
        /// The offset that the next record will get.
        end: Offset,
    },
    /// Another process has the folder.
    #[error("{0}")]
    InUse(String),
    /// The place cannot be used: not a folder, not writable, written by a newer version...
    #[error("{0}")]
    Storage(String),
    /// Stored bytes fail their checksum or cannot be read.
    #[error("{partition} is damaged at offset {offset}: {reason}")]
    Corrupt {
        /// The partition.
        partition: TopicPartition,
        /// Where.
        offset: Offset,
        /// What was found.
        reason: String,
    },
    /// Not reachable now.
    #[error("the broker cannot be reached: {0}")]
    Unavailable(String),
    /// The cluster refuses this user or member: asking again does not help.
    #[error("{0}")]
    Denied(String),
    /// A setting that the implementation does not take.
    #[error("{0}")]
    Config(String),
    /// The broker was closed.
    #[error("the broker is closed")]
    Closed,
}

/// A commit that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// The member's generation is not the group's any more: what it owned may be someone else's.
    #[error("the commit came from an older generation of the group")]
    StaleGeneration,
    /// A rebalance is under way: try again after it.
    #[error("the group is rebalancing")]
    RebalanceInProgress,
    /// The member does not own the partition.
    #[error("{0} is not owned by this member")]
    NotOwned(TopicPartition),
    /// Over the limit for metadata.
    #[error("commit metadata of {size} bytes is over the limit of {limit}")]
    MetadataTooLarge {
        /// Bytes of the metadata.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The offset lies outside of what the partition has held or will hold next.
    #[error("offset {offset} cannot be committed for {partition}: its log ends at {end}")]
    OutOfRange {
        /// The partition.
        partition: TopicPartition,
        /// What was to be committed.
        offset: Offset,
        /// The end of the log.
        end: Offset,
    },
    /// Not reachable, or no answer in time; the commit may have happened.
    #[error("the commit was not confirmed: {0}")]
    Unavailable(String),
    /// The member has left, or the broker was closed.
    #[error("the member has left the group")]
    Closed,
}

/// An administrative call that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// There is one of that name.
    #[error("topic {0} exists already")]
    TopicExists(TopicName),
    /// The number of partitions, or a setting, is not legal.
    #[error("topic {topic} cannot be created: {reason}")]
    InvalidTopic {
        /// The topic.
        topic: TopicName,
        /// What is wrong with it.
        reason: String,
    },
    /// Anything a read can fail with.
    #[error(transparent)]
    Broker(#[from] BrokerError),
}

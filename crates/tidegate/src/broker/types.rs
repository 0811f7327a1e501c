//! The values that the contract's calls take and give.

use std::time::Duration;

#[cfg(feature = "kafka")]
use crate::broker::BrokerError;
use crate::broker::{Cleanup, Committed, Retention};
use crate::message::{Offset, Partition, Record, TopicName, TopicPartition};

/// Where an acknowledged record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The partition that was chosen.
    pub partition: Partition,
    /// The offset that it got.
    pub offset: Offset,
}

/// How much one read may bring.
#[derive(Debug, Clone, Copy)]
pub struct FetchLimit {
    /// At most so many records.
    pub records: usize,
    /// About so many bytes of key, value and headers; the first record comes however large it is.
    pub bytes: usize,
    /// How long to wait at the end of the log for something to arrive.
    pub wait: Duration,
}

impl Default for FetchLimit {
    /// 500 records, 1 MiB, no wait.
    fn default() -> Self {
        Self { records: 500, bytes: 1 << 20, wait: Duration::ZERO }
    }
}

/// What one read brought.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// In offset order.
    pub records: Vec<Record>,
    /// Where to read on: behind the last record, and behind gaps that were passed.
    pub next: Offset,
    /// The partition's bounds at that moment.
    pub watermarks: Watermarks,
}

/// A partition's bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Watermarks {
    /// The first offset that can be read.
    pub start: Offset,
    /// The offset that the next record will get.
    pub end: Offset,
}

#[cfg(feature = "kafka")]
impl Watermarks {
    /// Refuses an offset that lies outside of these bounds.
    pub(crate) fn out_of_range(self, partition: &TopicPartition, offset: Offset) -> BrokerError {
        let Self { start, end } = self;
        BrokerError::OutOfRange { partition: partition.clone(), offset, start, end }
    }
}

/// A topic to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: TopicName,
    /// How many partitions; at least 1.
    pub partitions: u32,
    /// Copies on a cluster; 0: as many as it makes by default (`default.replication.factor`). The embedded log has one
    /// whatever this says.
    pub replication: u16,
    /// The largest record in bytes of key, value and headers; `None`: 1,048,576 bytes.
    pub max_message_bytes: Option<usize>,
    /// What makes room in it.
    pub cleanup: Cleanup,
    /// How long its records are kept. `None`: as the log does by default, which is a cluster's own setting (seven days where
    /// nobody has changed it), and for ever on the embedded log.
    pub retention: Option<Retention>,
}

impl NewTopic {
    /// The default for [`max_message_bytes`](Self::max_message_bytes), in bytes.
    pub const DEFAULT_MAX_MESSAGE_BYTES: usize = 1 << 20;

    /// A topic with so many partitions, the cluster's default of copies, the default size limit, and the log's default
    /// retention. One copy would be too few where a write needs two in sync: nothing could ever be written.
    #[must_use]
    pub fn new(name: TopicName, partitions: u32) -> Self {
        Self {
            name,
            partitions,
            replication: 0,
            max_message_bytes: None,
            cleanup: Cleanup::Delete,
            retention: None,
        }
    }

    /// The same topic, compacted.
    #[must_use]
    pub fn compacted(mut self) -> Self {
        self.cleanup = Cleanup::Compact;
        self
    }

    /// The same topic, with its records kept so long.
    #[must_use]
    pub fn kept(mut self, retention: Retention) -> Self {
        self.retention = Some(retention);
        self
    }
}

/// A topic as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicInfo {
    /// Its name.
    pub name: TopicName,
    /// How many partitions.
    pub partitions: u32,
    /// The largest record in bytes of key, value and headers.
    pub max_message_bytes: usize,
    /// What makes room in it; `None`: the cluster does not show this user (the right is DescribeConfigs), or it is a policy
    /// that this version does not know.
    pub cleanup: Option<Cleanup>,
    /// How long its records are kept; `None`: the same. A limit by size (Kafka's `retention.bytes`) is not shown.
    pub retention: Option<Retention>,
}

impl TopicInfo {
    /// As a new topic will be, where nothing else is said.
    pub(crate) fn of_new(name: TopicName, partitions: u32) -> Self {
        let max_message_bytes = NewTopic::DEFAULT_MAX_MESSAGE_BYTES;
        Self { name, partitions, max_message_bytes, cleanup: None, retention: None }
    }
}

/// What a group does, as far as the log tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupState {
    /// It has members.
    Active,
    /// Nobody is in it.
    Empty,
    /// The log does not tell who is in it: [`GroupInfo::members`] says nothing. So it is on Kafka with every group of the
    /// newer protocol (KIP-848), which the client can list, and cannot describe.
    Unknown,
}

impl GroupState {
    /// Where the log tells everything.
    pub(crate) const fn of(members: &[GroupMember]) -> Self {
        if members.is_empty() { Self::Empty } else { Self::Active }
    }
}

/// A group as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupInfo {
    /// Its name.
    pub name: String,
    /// Raised by every rebalance; `None` where the log does not tell (a cluster).
    pub generation: Option<u64>,
    /// Whether anybody is in it.
    pub state: GroupState,
    /// Who is in it.
    pub members: Vec<GroupMember>,
}

/// One member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMember {
    /// The member's id.
    pub id: String,
    /// What it owns now.
    pub partitions: Vec<TopicPartition>,
}

/// How far a group is behind on one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionLag {
    /// The partition.
    pub partition: TopicPartition,
    /// What the group has committed, if anything.
    pub committed: Option<Committed>,
    /// The partition's bounds.
    pub watermarks: Watermarks,
    /// Records from the committed offset (or the log's start) to the end.
    pub lag: u64,
}

//! How the log is opened.

use std::path::PathBuf;
use std::time::Duration;

use crate::broker::NewTopic;
use crate::clock::Clock;

/// Settings of the embedded log; each has a default that suits one service on one machine.
///
/// ```
/// use tidegate::broker::embedded::EmbeddedOptions;
/// let options = EmbeddedOptions::new("./data").queue_records(10_000);
/// ```
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    pub(super) folder: PathBuf,
    pub(super) create_missing: bool,
    pub(super) max_message_bytes: usize,
    pub(super) queue_records: usize,
    pub(super) queue_bytes: usize,
    pub(super) tail_bytes: usize,
    pub(super) cache_bytes: usize,
    pub(super) upkeep_every: Duration,
    pub(super) keep_tombstones: Duration,
    pub(super) clock: Clock,
}

impl EmbeddedOptions {
    /// The log in this folder, with the defaults that the methods name.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            create_missing: true,
            max_message_bytes: NewTopic::DEFAULT_MAX_MESSAGE_BYTES,
            queue_records: 100_000,
            queue_bytes: 64 << 20,
            tail_bytes: 32 << 20,
            cache_bytes: 32 << 20,
            upkeep_every: Duration::from_secs(15),
            keep_tombstones: Duration::from_secs(86_400),
            clock: Clock::system(),
        }
    }

    /// Whether a missing folder or log is created. Default: yes.
    #[must_use]
    pub fn create_missing(mut self, create: bool) -> Self {
        self.create_missing = create;
        self
    }

    /// The largest record of topics that name no limit of their own, in bytes. Default: 1 MiB.
    #[must_use]
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.max_message_bytes = bytes;
        self
    }

    /// At most so many records and commits wait to be written; more are refused with
    /// [`QueueFull`](crate::broker::PublishError::QueueFull). Default: 100,000.
    #[must_use]
    pub fn queue_records(mut self, records: usize) -> Self {
        self.queue_records = records;
        self
    }

    /// At most so many bytes wait to be written; one record is taken however large it is.
    /// Default: 64 MiB.
    #[must_use]
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// Bytes of the newest records that are kept in memory, all partitions together, so that who
    /// reads at the end does not read the file. Default: 32 MiB.
    #[must_use]
    pub fn tail_bytes(mut self, bytes: usize) -> Self {
        self.tail_bytes = bytes;
        self
    }

    /// Bytes of the file's pages that are kept in memory. Default: 32 MiB.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// How often the log looks for what compaction and retention have to do, at most (Kafka's
    /// `log.cleaner.backoff.ms`). Default: 15 s.
    #[must_use]
    pub fn upkeep_every(mut self, interval: Duration) -> Self {
        self.upkeep_every = interval;
        self
    }

    /// How long the tombstones of compacted topics stay at least, once what they remove is gone (Kafka's
    /// `log.cleaner.delete.retention.ms`): who reads a topic from its beginning in less time sees each of them.
    /// Default: 24 h.
    #[must_use]
    pub fn keep_tombstones(mut self, time: Duration) -> Self {
        self.keep_tombstones = time;
        self
    }

    /// Whose time it is.
    #[cfg(all(test, feature = "testing"))]
    pub(super) fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}

//! How the log is opened.

use std::path::PathBuf;

use crate::broker::NewTopic;

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
}

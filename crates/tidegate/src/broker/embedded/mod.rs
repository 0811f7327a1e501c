//! The log in one folder, for one process: development, tests, small installations.
//!
//! ```text
//!   publish, commit ──▶ queue ──▶ writer (one thread, group commit, fsync) ──▶ log.redb
//!                                    │ then                                      ▲
//!                                    ▼                                           │ older
//!   fetch, members ◀────────── tail of each partition ◀──────────────────── reader
//! ```
//!
//! What is acknowledged is on the disk: after `kill -9` at any moment every acknowledged record is
//! there, and none is torn (test `kill_9_loses_nothing_acknowledged`). Offsets of a partition are given
//! one after the other, and never twice, also after records were deleted.
//!
//! A topic may be compacted, or keep its records for a time only: the writer makes room between its
//! commits. Of each key of a compacted topic the newest acknowledged record is there, also after
//! `kill -9` at any moment (test `kill_9_leaves_the_newest_of_each_key`).
//!
//! One process has the folder at a time. Memory is bounded by [`EmbeddedOptions`]: what waits to be
//! written, the newest records, pages of the file; and by 32 MiB of keys while a partition is compacted.

mod batch;
mod driver;
mod fetch;
mod groups;
mod log;
mod member;
mod open;
mod options;
mod publish;
mod queue;
mod reader;
mod store;
mod tail;
mod writer;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

pub use options::EmbeddedOptions;

use self::log::Log;
use self::queue::{Job, Queue, Refused};
use self::store::{SharedBackend, Source, Store};
use self::writer::{Worker, Writer};
use super::coordinator::Coordinator;
#[cfg(any(test, feature = "testing"))]
use crate::broker::AdminError;
use crate::broker::{Broker, BrokerError, sync};
use crate::clock::Clock;
#[cfg(any(test, feature = "testing"))]
use crate::message::TopicPartition;

/// The embedded log. Cheap to clone; all clones are the same log.
#[derive(Debug, Clone)]
pub struct EmbeddedBroker(Arc<Inner>);

impl Broker {
    /// Opens the log in this folder, or creates it there.
    ///
    /// # Errors
    /// [`BrokerError::InUse`] when another process has the folder, [`BrokerError::Storage`] when it
    /// cannot be used: one line that says why, and what to do.
    pub fn embedded(folder: impl AsRef<Path>) -> Result<Self, BrokerError> {
        EmbeddedBroker::open(EmbeddedOptions::new(folder.as_ref())).map(Self::new)
    }

    /// A log that lives as long as its last clone: for tests. The same code as
    /// [`embedded`](Self::embedded), over memory.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(EmbeddedBroker::in_memory())
    }
}

impl EmbeddedBroker {
    /// Opens the log with these settings.
    ///
    /// # Errors
    /// As [`Broker::embedded`].
    pub fn open(options: EmbeddedOptions) -> Result<Self, BrokerError> {
        let path = open::file_in(&options)?;
        let source = Source::File { path: path.clone(), create: options.create_missing };
        let worker = Worker::open(source, &path, &options)?;
        Self::with(worker, Writer::thread)
            .map_err(|e| BrokerError::Storage(format!("no thread for the log's writer: {e}")))
    }

    /// A log over memory: everything goes with its last clone.
    #[must_use]
    pub fn in_memory() -> Self {
        let storage = SharedBackend::new(redb::backends::InMemoryBackend::new());
        let options = EmbeddedOptions::new("memory");
        let worker = Worker::open(Source::Backend(storage), Path::new("memory"), &options)
            .expect("a new log over memory has nothing that could fail");
        Self::with(worker, |worker| Ok(Writer::inline(worker)))
            .expect("an inline writer needs no thread")
    }

    fn with(
        worker: Worker,
        writer: impl FnOnce(Worker) -> std::io::Result<Writer>,
    ) -> std::io::Result<Self> {
        Ok(Self(Arc::new(Inner {
            log: worker.log.clone(),
            store: worker.store.clone(),
            queue: worker.queue.clone(),
            failure: worker.failure.clone(),
            max_message_bytes: worker.max_message_bytes,
            clock: worker.clock.clone(),
            writer: writer(worker)?,
            coordinator: Coordinator::default(),
            closed: AtomicBool::new(false),
        })))
    }
}

/// For tests of whoever reads the log.
#[cfg(any(test, feature = "testing"))]
impl EmbeddedBroker {
    /// Leaves a gap of so many offsets at the partition's end, as compaction and transaction markers
    /// do on a cluster (rule 1).
    ///
    /// # Errors
    /// As [`delete_records`](crate::broker::BrokerDriver::delete_records).
    pub async fn skip_offsets(
        &self,
        partition: &TopicPartition,
        offsets: u64,
    ) -> Result<(), AdminError> {
        let partition = self.0.log.partition(partition)?;
        self.0.ask(|reply| Job::Skip { partition, offsets, reply }).await?
    }
}

#[cfg(test)]
impl EmbeddedBroker {
    /// A log over storage that a test makes fail, written by a thread as a file is.
    fn over(storage: SharedBackend, options: &EmbeddedOptions) -> Result<Self, BrokerError> {
        let worker = Worker::open(Source::Backend(storage), Path::new("storage"), options)?;
        Ok(Self::with(worker, Writer::thread).unwrap())
    }
}

/// What all clones and members share.
#[derive(Debug)]
struct Inner {
    log: Arc<Log>,
    store: Arc<Store>,
    queue: Arc<Queue>,
    failure: Arc<Mutex<Option<String>>>,
    coordinator: Coordinator,
    max_message_bytes: usize,
    clock: Clock,
    writer: Writer,
    closed: AtomicBool,
}

impl Inner {
    fn check_open(&self) -> Result<(), BrokerError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(BrokerError::Closed);
        }
        Ok(())
    }

    /// Queues a job that answers through the channel, and waits for the answer.
    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Result<T, BrokerError> {
        let (reply, answer) = oneshot::channel();
        self.queue.push(job(reply)).map_err(|refused| match refused {
            Refused::Closed => BrokerError::Closed,
            Refused::Full => BrokerError::Unavailable("the write queue is full".into()),
        })?;
        self.writer.nudge();
        answer.await.map_err(|_| BrokerError::Closed)
    }

    /// Works off what is queued, and lets go of the folder. Blocks; a second call finds nothing to do.
    fn shut(&self) {
        self.queue.close();
        self.writer.join();
        self.closed.store(true, Ordering::Release);
        self.store.close();
        self.log.all_partitions().iter().for_each(|p| p.wake());
        self.coordinator.wake_all();
    }
}

impl Drop for Inner {
    /// The folder is free when the last clone is gone.
    fn drop(&mut self) {
        self.shut();
    }
}

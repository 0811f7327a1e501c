//! The one writer: takes everything that is queued, makes it durable in one transaction, answers.
//!
//! ```text
//!   publish, commit ──▶ queue ──▶ one transaction, fsync ──▶ memory (bounds, tail) ──▶ answers
//!   create, delete  ──▶   "   ──▶ a transaction of its own ──▶      "
//! ```
//!
//! Group commit: while one fsync runs, the queue fills, and the next transaction takes all of it. Between two of them it
//! makes room, a step at a time ([`upkeep`]).

mod admin;
mod append;
mod upkeep;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use self::upkeep::Upkeep;
use super::log::Log;
use super::open;
use super::options::EmbeddedOptions;
use super::queue::{Job, Queue};
use super::store::tables::META;
use super::store::{Source, Store, StoreError, WriteError};
use super::sync::lock;
use crate::broker::{BrokerError, Retention};
use crate::clock::Clock;

/// What the writer works on; one at a time does.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) log: Arc<Log>,
    pub(super) store: Arc<Store>,
    pub(super) queue: Arc<Queue>,
    /// What the last write failed with; `None` after one that succeeded.
    pub(super) failure: Arc<Mutex<Option<String>>>,
    /// Of topics that name no limit.
    pub(super) max_message_bytes: usize,
    pub(super) clock: Clock,
    upkeep_every: Duration,
    /// In milliseconds.
    keep_tombstones: i64,
    upkeep: Upkeep,
}

/// Looks at all partitions that follow each other more closely would leave no time between them.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

impl Worker {
    /// Opens the log that is to be written.
    pub(super) fn open(
        source: Source,
        shown: &Path,
        options: &EmbeddedOptions,
    ) -> Result<Self, BrokerError> {
        let (store, log) = open::open(source, shown, options)?;
        let upkeep_every = options.upkeep_every.max(SHORTEST_WAIT);
        Ok(Self {
            log: Arc::new(log),
            store: Arc::new(store),
            queue: Arc::new(Queue::new(options.queue_records, options.queue_bytes)),
            failure: Arc::default(),
            max_message_bytes: options.max_message_bytes,
            clock: options.clock.clone(),
            upkeep_every,
            keep_tombstones: Retention::For(options.keep_tombstones).to_millis(),
            upkeep: Upkeep::from(options.clock.elapsed().saturating_add(upkeep_every)),
        })
    }

    /// Works until the queue is closed and empty.
    fn run(mut self) {
        while let Some(jobs) = self.queue.take(self.idle()) {
            self.work(jobs);
            self.keep();
        }
    }

    /// Does what is queued now, and what is due besides.
    fn run_queued(&mut self) {
        while let Some(jobs) = self.queue.take_now() {
            self.work(jobs);
        }
        while self.keep() {}
    }

    fn work(&self, jobs: Vec<Job>) {
        let mut appends = Vec::new();
        for job in jobs {
            match job {
                Job::Publish { .. } | Job::Commit { .. } => appends.push(job),
                other => {
                    self.append(std::mem::take(&mut appends));
                    self.administer(other);
                }
            }
        }
        self.append(appends);
    }

    /// Writes, and opens the file again if it failed: before, or by this.
    fn write<T>(
        &self,
        work: impl FnOnce(&redb::WriteTransaction) -> Result<T, StoreError>,
    ) -> Result<T, WriteError> {
        self.recover().map_err(WriteError::NotWritten)?;
        let result = self.store.write(work);
        self.note(result.as_ref().err().map(ToString::to_string));
        if result.is_err() {
            // What fails here fails again at the next write, which then reports it.
            let _ = self.recover();
        }
        result
    }

    /// Opens the file again if it failed, and takes its word for what it holds.
    fn recover(&self) -> Result<(), StoreError> {
        if !self.store.has_failed() {
            return Ok(());
        }
        let reopened = self.store.reopen().and_then(|()| open::reload(&self.store, &self.log));
        if let Err(error) = &reopened {
            self.note(Some(error.to_string()));
        }
        reopened
    }

    /// Opens the file again if it failed, and finds out whether it can be written again.
    fn probe(&self) {
        let recovered = self.recover();
        if recovered.is_ok() && lock(&self.failure).is_some() {
            // `write` takes note of how it went.
            let _ = self.write(|transaction| {
                transaction.open_table(META)?.insert("probe", [].as_slice())?;
                Ok(())
            });
        }
    }

    /// Remembers how the last write went; says so when it changes.
    fn note(&self, failure: Option<String>) {
        let mut last = lock(&self.failure);
        match (&*last, &failure) {
            (None, Some(reason)) => tracing::error!(reason, "the log cannot be written"),
            (Some(_), None) => tracing::info!("the log can be written again"),
            _ => {}
        }
        *last = failure;
    }
}

/// Where the writer runs.
#[derive(Debug)]
pub(super) enum Writer {
    /// On a thread of its own, as fsync blocks.
    Thread(Mutex<Option<JoinHandle<()>>>),
    /// With whoever queued something: memory does not block. Time that a test has paused
    /// stands still meanwhile.
    Inline(Box<Mutex<Worker>>),
}

impl Writer {
    pub(super) fn thread(worker: Worker) -> std::io::Result<Self> {
        let builder = std::thread::Builder::new().name("tidegate-log".into());
        let thread = builder.spawn(move || worker.run())?;
        Ok(Self::Thread(Mutex::new(Some(thread))))
    }

    pub(super) fn inline(worker: Worker) -> Self {
        Self::Inline(Box::new(Mutex::new(worker)))
    }

    /// Something was queued.
    pub(super) fn nudge(&self) {
        if let Self::Inline(worker) = self {
            lock(worker).run_queued();
        }
    }

    /// Waits until a closed queue is worked off.
    pub(super) fn join(&self) {
        match self {
            Self::Inline(worker) => lock(worker).run_queued(),
            Self::Thread(thread) => {
                let mut thread = lock(thread);
                if let Some(thread) = thread.take() {
                    // A panic of the writer was reported by the panic hook already.
                    let _ = thread.join();
                }
            }
        }
    }
}

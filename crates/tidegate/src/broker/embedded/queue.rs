//! What waits to be written: first in, first out, bounded in number and bytes.
//!
//! A job counts until it is done, not until the writer takes it, so the bound holds for all that is
//! in memory on its way to the disk. Who got an answer finds the room that it gave back.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::log::PartitionLog;
use super::store::tables::Place;
use super::sync::lock;
use crate::broker::{AdminError, Committed, NewTopic, Placed, PublishError};
use crate::message::{NewRecord, Offset, Timestamp};

/// A record that has its partition and its time, and fits.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) partition: Arc<PartitionLog>,
    pub(super) record: NewRecord,
    pub(super) timestamp: Timestamp,
}

/// One thing for the writer to do. Who asked may have gone: then the answer goes nowhere.
#[derive(Debug)]
pub(super) enum Job {
    Publish {
        records: Vec<Accepted>,
        reply: oneshot::Sender<Result<Vec<Placed>, PublishError>>,
    },
    Commit {
        group: String,
        entries: Vec<(Place, Committed)>,
        reply: oneshot::Sender<Result<(), String>>,
    },
    Create {
        topic: NewTopic,
        reply: oneshot::Sender<Result<(), AdminError>>,
    },
    Delete {
        partition: Arc<PartitionLog>,
        before: Offset,
        reply: oneshot::Sender<Result<Offset, AdminError>>,
    },
    /// Leaves a gap, as compaction and transaction markers do in Kafka.
    #[cfg(any(test, feature = "testing"))]
    Skip {
        partition: Arc<PartitionLog>,
        offsets: u64,
        reply: oneshot::Sender<Result<(), AdminError>>,
    },
    /// Answered when everything before it is done. If the log had failed, tries whether it still does.
    Flush {
        reply: oneshot::Sender<()>,
    },
}

impl Job {
    /// What it counts in the queue: number and bytes.
    pub(super) fn weight(&self) -> Weight {
        match self {
            Self::Publish { records, .. } => {
                records.iter().map(Accepted::weight).fold(Weight::default(), Weight::and)
            }
            Self::Commit { entries, .. } => Weight {
                records: entries.len(),
                bytes: entries.iter().map(|(_, c)| c.metadata.len()).sum(),
            },
            _ => Weight { records: 1, bytes: 0 },
        }
    }
}

impl Accepted {
    fn weight(&self) -> Weight {
        Weight { records: 1, bytes: self.record.size() }
    }
}

/// What jobs count together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weight {
    records: usize,
    bytes: usize,
}

impl Weight {
    pub(super) fn and(self, more: Self) -> Self {
        Self { records: self.records + more.records, bytes: self.bytes + more.bytes }
    }
}

/// Why a job was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Full,
    Closed,
}

/// The queue between callers and the writer.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    ready: Condvar,
    limit: Weight,
}

#[derive(Debug, Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Queued and being written.
    held: Weight,
    closed: bool,
}

impl State {
    fn push(&mut self, job: Job) {
        self.held = self.held.and(job.weight());
        self.jobs.push_back(job);
    }
}

impl Queue {
    pub(super) fn new(records: usize, bytes: usize) -> Self {
        let limit = Weight { records, bytes };
        Self { state: Mutex::default(), ready: Condvar::new(), limit }
    }

    /// Queues as many of the records as fit, from the first on; answers with how many. Nothing behind
    /// a refused record is taken, or the order would break.
    pub(super) fn publish(
        &self,
        mut records: Vec<Accepted>,
        reply: oneshot::Sender<Result<Vec<Placed>, PublishError>>,
    ) -> Result<usize, Refused> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(Refused::Closed);
        }
        let mut held = state.held;
        let fitting = records.iter().take_while(|record| {
            let fits = self.fits(held, record.weight());
            held = held.and(record.weight());
            fits
        });
        let count = fitting.count();
        records.truncate(count);
        if count > 0 {
            state.push(Job::Publish { records, reply });
            self.ready.notify_one();
        }
        Ok(count)
    }

    /// A full queue takes nothing; an empty one takes anything, or what is large would never fit.
    fn fits(&self, held: Weight, more: Weight) -> bool {
        let all = held.and(more);
        let within = all.records <= self.limit.records && all.bytes <= self.limit.bytes;
        within || held.records == 0
    }

    /// Queues a job whole.
    pub(super) fn push(&self, job: Job) -> Result<(), Refused> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(Refused::Closed);
        }
        if !self.fits(state.held, job.weight()) {
            return Err(Refused::Full);
        }
        state.push(job);
        self.ready.notify_one();
        Ok(())
    }

    /// Waits for jobs, but no longer than that, and takes all that are there, or none. `None`: closed, and nothing is left.
    pub(super) fn take(&self, wait: Duration) -> Option<Vec<Job>> {
        let state = lock(&self.state);
        let idle = |state: &mut State| state.jobs.is_empty() && !state.closed;
        let waited = self.ready.wait_timeout_while(state, wait, idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let open = !state.closed;
        take_all(&mut state).or_else(|| open.then(Vec::new))
    }

    /// Takes what is there.
    pub(super) fn take_now(&self) -> Option<Vec<Job>> {
        take_all(&mut lock(&self.state))
    }

    /// What was taken is done: room for more.
    pub(super) fn done(&self, weight: Weight) {
        let mut state = lock(&self.state);
        state.held.records -= weight.records;
        state.held.bytes -= weight.bytes;
    }

    /// Takes nothing more in.
    pub(super) fn close(&self) {
        lock(&self.state).closed = true;
        self.ready.notify_one();
    }
}

fn take_all(state: &mut State) -> Option<Vec<Job>> {
    if state.jobs.is_empty() {
        return None;
    }
    Some(state.jobs.drain(..).collect())
}

#[cfg(test)]
mod tests;

//! What makes room: records that are too old go, and compacted partitions lose what newer records of the same key replace.
//!
//! ```text
//!   each 15 s: every partition whose topic asks for it
//!     retention ──▶ a piece from its beginning is deleted, one transaction; again, until nothing is too old
//!     half dirty? ─▶ a round: read what is dirty ─▶ pass over all of it ─▶ note how far it is clean
//!                              (newest of each key)   (each piece in one transaction)
//! ```
//!
//! The writer does it, one step between two commits, so nothing else writes meanwhile. A step reads, and writes again, about
//! [`PIECE`] bytes, or one batch where that is larger: a write waits for one step at most, which costs about what a commit of
//! so much costs. Memory is one piece and the keys of a round, of which there is one at a time ([`newest`]).
//!
//! A process that dies in between has done some steps and not the others. Each leaves the newest record of each key; what a
//! round was to do is done by the next one, which begins anew.

mod expire;
mod newest;
mod round;
mod window;

use std::sync::Arc;
use std::time::Duration;

use redb::ReadTransaction;

use self::round::Round;
use super::Worker;
use crate::broker::embedded::log::PartitionLog;
use crate::broker::embedded::store::{StoreError, WriteError};
use crate::broker::{Cleanup, Keeping, Retention};
use crate::message::TopicPartition;

/// Bytes of batches that one step works on.
const PIECE: usize = 1 << 20;

/// The writer waits no longer without a look at the clock, which a test may move.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// What is under way.
#[derive(Debug)]
pub(super) struct Upkeep {
    /// When to look again, by the log's clock.
    next: Duration,
    /// Still to be looked at.
    left: Vec<Arc<PartitionLog>>,
    round: Option<Round>,
}

impl Upkeep {
    /// Looks at that time of the log's clock for the first time: who opens a log only to read it changes nothing.
    pub(super) fn from(next: Duration) -> Self {
        Self { next, left: Vec::new(), round: None }
    }

    fn is_busy(&self) -> bool {
        self.round.is_some() || !self.left.is_empty()
    }
}

impl Worker {
    /// How long there is nothing to do but what is queued.
    pub(super) fn idle(&self) -> Duration {
        match self.upkeep.is_busy() {
            true => Duration::ZERO,
            false => self.upkeep.next.saturating_sub(self.clock.elapsed()).min(LONGEST_WAIT),
        }
    }

    /// Does one step, if one is due. Says whether another one follows at once.
    pub(super) fn keep(&mut self) -> bool {
        if !self.upkeep.is_busy() {
            if self.clock.elapsed() < self.upkeep.next {
                return false;
            }
            self.upkeep.left = self.log.all_partitions();
            self.upkeep.left.retain(|partition| asks(partition.keeping));
        }
        self.step();
        let busy = self.upkeep.is_busy();
        if !busy {
            self.upkeep.next = self.clock.elapsed().saturating_add(self.upkeep_every);
        }
        busy
    }

    /// Goes on with the round, or looks at partitions until one of them has something to do.
    fn step(&mut self) {
        if let Some(round) = self.upkeep.round.take() {
            let place = round.place().clone();
            match self.go_on(round) {
                Ok(round) => self.upkeep.round = round,
                Err(error) => failed(&place, &error),
            }
            return;
        }
        while let Some(partition) = self.upkeep.left.pop() {
            match self.attend(&partition) {
                Ok(false) => {}
                Ok(true) => return,
                Err(error) => failed(&partition.place, &error),
            }
        }
    }

    /// Deletes a piece of what is too old, or begins a round. Says whether there was anything to do.
    fn attend(&mut self, partition: &Arc<PartitionLog>) -> Result<bool, WriteError> {
        if self.expire(partition)? {
            self.upkeep.left.push(partition.clone());
            return Ok(true);
        }
        self.upkeep.round = self.begin(partition)?;
        Ok(self.upkeep.round.is_some())
    }

    /// Reads the file, which is opened again first if it failed.
    fn look<T>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<T, StoreError>,
    ) -> Result<T, WriteError> {
        self.recover().and_then(|()| self.store.read(work)).map_err(WriteError::NotWritten)
    }
}

/// Whether a topic that is kept so ever loses a record by itself.
fn asks(keeping: Keeping) -> bool {
    keeping != Keeping { cleanup: Cleanup::Delete, retention: Retention::Forever }
}

/// It is tried again at the next look.
fn failed(place: &TopicPartition, error: &WriteError) {
    tracing::warn!(
        topic = place.topic.as_str(),
        partition = place.partition.0,
        reason = %error,
        "the log cannot make room now: trying again"
    );
}

//! What a process has in its hands: records that it holds, attempts that run, partitions that it was proven to own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::message::{Offset, TopicPartition};

/// How much a process may hold: its budget, and one delivery more.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::testing::chaos) struct Limits {
    pub(in crate::testing::chaos) records: usize,
    pub(in crate::testing::chaos) bytes: usize,
    /// Attempts side by side.
    pub(in crate::testing::chaos) attempts: usize,
}

/// An attempt that runs.
#[derive(Debug, Clone)]
pub(in crate::testing::chaos) struct Running {
    pub(in crate::testing::chaos) handler: String,
    pub(in crate::testing::chaos) since: Instant,
    /// Whether the world held it up.
    pub(in crate::testing::chaos) held_up: bool,
    /// Its process has called it answered, or cut it off.
    pub(in crate::testing::chaos) over: Arc<AtomicBool>,
}

/// An attempt that was cut off.
#[derive(Debug, Clone)]
pub(in crate::testing::chaos) struct Cut {
    pub(in crate::testing::chaos) handler: String,
    /// How long it had run, if nothing but itself held it up.
    pub(in crate::testing::chaos) alone: Option<Duration>,
}

/// What one process has.
#[derive(Debug, Default)]
pub(in crate::testing::chaos) struct Hands {
    /// Partitions of which records are wanted: from start to end.
    open: BTreeSet<TopicPartition>,
    /// Delivered and not settled, with their sizes.
    held: BTreeMap<TopicPartition, BTreeMap<Offset, usize>>,
    pub(in crate::testing::chaos) running: BTreeMap<(TopicPartition, Offset), Running>,
    pub(in crate::testing::chaos) cut: BTreeMap<(TopicPartition, Offset), Cut>,
    /// The answer to its last dead letter does not come, or says that it was refused.
    pub(in crate::testing::chaos) letter_unanswered: bool,
    /// When the group last stored a commit of this ownership.
    pub(in crate::testing::chaos) proven: BTreeMap<TopicPartition, Instant>,
}

impl Hands {
    pub(in crate::testing::chaos) fn open(&mut self, at: &TopicPartition) {
        self.open.insert(at.clone());
    }

    pub(in crate::testing::chaos) fn is_open(&self, at: &TopicPartition) -> bool {
        self.open.contains(at)
    }

    pub(in crate::testing::chaos) fn take(
        &mut self,
        at: &TopicPartition,
        offset: Offset,
        size: usize,
    ) {
        self.held.entry(at.clone()).or_default().insert(offset, size);
    }

    /// False when it was not held.
    pub(in crate::testing::chaos) fn put_down(
        &mut self,
        at: &TopicPartition,
        offset: Offset,
    ) -> bool {
        self.held.get_mut(at).is_some_and(|held| held.remove(&offset).is_some())
    }

    /// An attempt was answered, or cut off.
    pub(in crate::testing::chaos) fn is_over(&mut self, at: &TopicPartition, offset: Offset) {
        let running = self.running.remove(&(at.clone(), offset));
        running.inspect(|running| running.over.store(true, Ordering::Relaxed));
    }

    /// The ownership has ended, and all that ran for it.
    pub(in crate::testing::chaos) fn let_go(&mut self, at: &TopicPartition) {
        let of = (at.clone(), Offset(0))..=(at.clone(), Offset(u64::MAX));
        let ran: Vec<_> = self.running.range(of).map(|((_, offset), _)| *offset).collect();
        ran.into_iter().for_each(|offset| self.is_over(at, offset));
        self.open.remove(at);
        self.held.remove(at);
        self.proven.remove(at);
    }

    /// Records, and bytes.
    pub(in crate::testing::chaos) fn load(&self) -> (usize, usize) {
        let all = self.held.values().flat_map(BTreeMap::values);
        all.fold((0, 0), |(records, bytes), size| (records + 1, bytes + size))
    }
}

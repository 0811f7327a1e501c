//! One partition as memory knows it.

use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use crate::broker::embedded::store::tables::Place;
use crate::broker::embedded::sync::lock;
use crate::broker::embedded::tail::Tail;
use crate::broker::{FetchLimit, Keeping, Watermarks};
use crate::message::{Offset, Record, TopicPartition};

/// Where a partition begins and ends, and its newest timestamp so far (`i64::MIN`: none).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::broker::embedded) struct Bounds {
    pub(in crate::broker::embedded) start: u64,
    pub(in crate::broker::embedded) end: u64,
    pub(in crate::broker::embedded) newest: i64,
}

impl Bounds {
    /// Of a partition that never held anything.
    pub(in crate::broker::embedded) const EMPTY: Self = Self { start: 0, end: 0, newest: i64::MIN };

    pub(in crate::broker::embedded) fn watermarks(&self) -> Watermarks {
        Watermarks { start: Offset(self.start), end: Offset(self.end) }
    }
}

/// One partition: its bounds, its newest records, and who waits for more.
#[derive(Debug)]
pub(in crate::broker::embedded) struct PartitionLog {
    pub(in crate::broker::embedded) key: Place,
    pub(in crate::broker::embedded) place: TopicPartition,
    pub(in crate::broker::embedded) keeping: Keeping,
    state: Mutex<State>,
    watchers: Mutex<Vec<Arc<Notify>>>,
}

#[derive(Debug)]
struct State {
    bounds: Bounds,
    tail: Tail,
}

/// What memory knows about a read.
#[derive(Debug)]
pub(in crate::broker::embedded) enum TailRead {
    /// These follow; where to read on is with them. None: `from` is the end, or only a gap follows.
    Known { records: Vec<Record>, next: Offset, watermarks: Watermarks },
    /// The file must be read.
    Older(Watermarks),
    /// Outside of the log.
    OutOfRange(Watermarks),
}

impl PartitionLog {
    pub(super) fn new(key: Place, place: TopicPartition, keeping: Keeping, bounds: Bounds) -> Self {
        let state = State { bounds, tail: Tail::new(Offset(bounds.end)) };
        Self { key, place, keeping, state: Mutex::new(state), watchers: Mutex::default() }
    }

    pub(in crate::broker::embedded) fn bounds(&self) -> Bounds {
        lock(&self.state).bounds
    }

    pub(in crate::broker::embedded) fn watermarks(&self) -> Watermarks {
        self.bounds().watermarks()
    }

    /// Reads from memory, if memory reaches back so far.
    pub(in crate::broker::embedded) fn read_tail(
        &self,
        from: Offset,
        limit: &FetchLimit,
    ) -> TailRead {
        let state = lock(&self.state);
        let watermarks = state.bounds.watermarks();
        if from < watermarks.start || from > watermarks.end {
            return TailRead::OutOfRange(watermarks);
        }
        let Some(records) = state.tail.read(from, limit) else {
            return TailRead::Older(watermarks);
        };
        let behind = records.last().map_or(from, |r| r.offset.next());
        let next = if state.tail.holds_after(behind) { behind } else { watermarks.end };
        TailRead::Known { records, next, watermarks }
    }

    /// Takes note of what was written durably; wakes who waits for it.
    pub(in crate::broker::embedded) fn appended(
        &self,
        bounds: Bounds,
        records: Vec<Record>,
        share: usize,
    ) {
        {
            let mut state = lock(&self.state);
            state.bounds = bounds;
            state.tail.append(records, share);
        }
        self.wake();
    }

    /// Takes note of bounds that moved without records.
    pub(in crate::broker::embedded) fn moved(&self, bounds: Bounds) {
        {
            let mut state = lock(&self.state);
            state.bounds = bounds;
            state.tail.delete_before(Offset(bounds.start));
        }
        self.wake();
    }

    /// Takes note of records that are gone, given by their offsets in order. Nobody waits for that.
    pub(in crate::broker::embedded) fn compacted(&self, removed: &[u64]) {
        lock(&self.state).tail.forget(removed);
    }

    /// Takes the file's word for the bounds after it was opened again.
    pub(in crate::broker::embedded) fn reloaded(&self, bounds: Bounds) {
        let mut state = lock(&self.state);
        if state.bounds != bounds {
            *state = State { bounds, tail: Tail::new(Offset(bounds.end)) };
        }
        drop(state);
        self.wake();
    }

    /// Notifies `waker` of every change until the watch is dropped.
    pub(in crate::broker::embedded) fn watch(self: &Arc<Self>, waker: Arc<Notify>) -> Watch {
        lock(&self.watchers).push(waker.clone());
        Watch { partition: self.clone(), waker }
    }

    pub(in crate::broker::embedded) fn wake(&self) {
        for waker in lock(&self.watchers).iter() {
            waker.notify_one();
        }
    }
}

/// A registration with a partition; ends when dropped.
#[derive(Debug)]
pub(in crate::broker::embedded) struct Watch {
    partition: Arc<PartitionLog>,
    waker: Arc<Notify>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watchers = lock(&self.partition.watchers);
        if let Some(at) = watchers.iter().position(|w| Arc::ptr_eq(w, &self.waker)) {
            watchers.swap_remove(at);
        }
    }
}

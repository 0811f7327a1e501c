//! Which delivered records of one ownership are unfinished, and what each is waiting for.
//!
//! ```text
//!  delivered ─▶ fresh ─┐                    ┌─▶ running ─▶ settling ─▶ finished: gone
//!                      ├─ the scheduler ────┤      └──▶ waiting, parked ──┐
//!               again ─┘                    └── again ◀──────────────────┘
//! ```

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::consumer::core::Delivered;
use crate::consumer::core::metadata::RetryState;
use crate::consumer::core::work::{State, Work};
use crate::message::Offset;
use crate::policy::Order;

/// The unfinished records of one ownership. What is finished leaves no trace but the watermark.
#[derive(Debug)]
pub(super) struct Tracker {
    next: Offset,
    works: BTreeMap<Offset, Work>,
    fresh: VecDeque<Offset>,
    again: BTreeSet<Offset>,
    timers: BTreeSet<(Duration, Offset)>,
    /// The unfinished record of `Order::Partition` that has been started; there is one at most (rule 23).
    head: Option<Offset>,
    busy: usize,
    busy_unordered: usize,
    retrying: usize,
    bytes: usize,
}

impl Tracker {
    pub(super) fn new(from: Offset) -> Self {
        Self {
            next: from,
            works: BTreeMap::new(),
            fresh: VecDeque::new(),
            again: BTreeSet::new(),
            timers: BTreeSet::new(),
            head: None,
            busy: 0,
            busy_unordered: 0,
            retrying: 0,
            bytes: 0,
        }
    }

    /// What may be committed: the lowest unfinished delivered offset, or what follows the last one (rule 1).
    pub(super) fn watermark(&self) -> Offset {
        self.works.first_key_value().map_or(self.next, |(offset, _)| *offset)
    }

    /// Takes a record in; false when it, or a later one, was delivered before.
    pub(super) fn deliver(
        &mut self,
        record: Delivered,
        order: Order,
        restored: Option<(RetryState, Duration)>,
    ) -> bool {
        if record.offset < self.next {
            return false;
        }
        let work = Work::new(record, order, restored);
        self.next = record.offset.next();
        self.bytes += work.size;
        self.retrying += usize::from(work.retry.is_some());
        self.fresh.push_back(record.offset);
        self.works.insert(record.offset, work);
        true
    }

    pub(super) fn get(&self, offset: Offset) -> Option<&Work> {
        self.works.get(&offset)
    }

    pub(super) fn get_mut(&mut self, offset: Offset) -> Option<&mut Work> {
        self.works.get_mut(&offset)
    }

    /// Moves a record on; the only way in which a state changes.
    pub(super) fn set(&mut self, offset: Offset, state: State) {
        let Some(work) = self.works.get_mut(&offset) else { return };
        let (was, is) = (work.state.busy(), state.busy());
        work.state = state;
        let unordered = work.order == Order::None;
        self.count(was, is, unordered);
    }

    fn count(&mut self, was: bool, is: bool, unordered: bool) {
        self.busy = self.busy + usize::from(is) - usize::from(was);
        if unordered {
            self.busy_unordered = self.busy_unordered + usize::from(is) - usize::from(was);
        }
    }

    /// Notes what the metadata is to say of a record.
    pub(super) fn set_retry(&mut self, retry: RetryState) {
        if let Some(work) = self.works.get_mut(&retry.offset) {
            self.retrying += usize::from(work.retry.replace(retry).is_none());
        }
    }

    /// Forgets a record that is finished.
    pub(super) fn finish(&mut self, offset: Offset) -> Option<Work> {
        let work = self.works.remove(&offset)?;
        self.count(work.state.busy(), false, work.order == Order::None);
        self.bytes -= work.size;
        self.retrying -= usize::from(work.retry.is_some());
        if self.head == Some(offset) {
            self.head = None;
        }
        Some(work)
    }

    /// The next record whose turn it is, if `admit` lets it start.
    ///
    /// Records of `Order::Partition` are started one at a time, in offset order, and nothing behind an unfinished
    /// one starts (rule 23).
    pub(super) fn next_start(&self, admit: impl Fn(&Work, bool) -> bool) -> Option<Offset> {
        let again = self.again.iter().find(|offset| self.admits(**offset, &admit, false));
        again.copied().or_else(|| {
            let first = *self.fresh.front()?;
            (self.head.is_none() && self.admits(first, &admit, true)).then_some(first)
        })
    }

    fn admits(&self, offset: Offset, admit: impl Fn(&Work, bool) -> bool, fresh: bool) -> bool {
        self.works.get(&offset).is_some_and(|work| admit(work, fresh))
    }

    /// Takes a record out of its queue; from now on it holds what comes behind it, if it is of `Order::Partition`.
    pub(super) fn take(&mut self, offset: Offset) {
        self.again.remove(&offset);
        if self.fresh.front() == Some(&offset) {
            self.fresh.pop_front();
        }
        if self.works.get(&offset).is_some_and(|work| work.order == Order::Partition) {
            self.head = Some(offset);
        }
    }

    /// Puts a record in line again.
    pub(super) fn requeue(&mut self, offset: Offset) {
        self.set(offset, State::Queued);
        self.again.insert(offset);
    }

    pub(super) fn wake_at(&mut self, due: Duration, offset: Offset) {
        self.timers.insert((due, offset));
    }

    /// The next record whose time has come.
    pub(super) fn due(&mut self, now: Duration) -> Option<Offset> {
        let (due, _) = *self.timers.first()?;
        (due <= now).then(|| self.timers.pop_first().expect("there is a first one").1)
    }

    pub(super) fn next_timer(&self) -> Option<Duration> {
        self.timers.first().map(|(due, _)| *due)
    }

    pub(super) fn parked(&self) -> Vec<Offset> {
        let parked = |work: &Work| matches!(work.state, State::Parked);
        self.works.iter().filter(|(_, work)| parked(work)).map(|(offset, _)| *offset).collect()
    }

    pub(super) fn retries(&self) -> impl Iterator<Item = RetryState> + '_ {
        let known = if self.retrying == 0 { None } else { Some(&self.works) };
        known.into_iter().flat_map(|works| works.values().filter_map(|work| work.retry))
    }

    /// How many records the metadata speaks of.
    pub(super) fn retrying(&self) -> usize {
        self.retrying
    }

    /// How many run or settle.
    pub(super) fn busy(&self) -> usize {
        self.busy
    }

    /// How many of `Order::None` run or settle.
    pub(super) fn busy_unordered(&self) -> usize {
        self.busy_unordered
    }

    pub(super) fn len(&self) -> usize {
        self.works.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

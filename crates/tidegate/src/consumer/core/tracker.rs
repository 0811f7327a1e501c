//! Which delivered records of one ownership are unfinished, and what each is waiting for.
//!
//! ```text
//!  delivered ─▶ lines ─▶ running ─▶ settling ─▶ finished: gone
//!                 ▲         └──▶ waiting, parked ──┐
//!                 └────────────────────────────────┘
//! ```
//!
//! What is finished leaves no trace but the watermark: everything from there to `next` that is not here is finished,
//! or is an offset without a record.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::consumer::core::Delivered;
use crate::consumer::core::lines::Lines;
use crate::consumer::core::metadata::RetryState;
use crate::consumer::core::window::Window;
use crate::consumer::core::work::{Past, State, Unit, Work};
use crate::message::Offset;
#[cfg(feature = "testing")]
use crate::planted::planted;
use crate::policy::{Order, PolicyId};

/// The unfinished records of one ownership.
#[derive(Debug)]
pub(super) struct Tracker {
    next: Offset,
    works: Window<Work>,
    /// Records that were recalled from the schedule. They hold no watermark.
    recalled: BTreeMap<Offset, Work>,
    lines: Lines,
    timers: BTreeSet<(Duration, Offset)>,
    busy: usize,
    placed: usize,
    retrying: usize,
    bytes: usize,
    /// The first offset that no record has: only for [`Bug::GapIsARecord`](crate::planted::Bug::GapIsARecord).
    #[cfg(feature = "testing")]
    gap: Option<Offset>,
    #[cfg(feature = "testing")]
    seen: bool,
}

impl Tracker {
    pub(super) fn new(from: Offset) -> Self {
        Self {
            next: from,
            works: Window::default(),
            recalled: BTreeMap::new(),
            lines: Lines::default(),
            timers: BTreeSet::new(),
            busy: 0,
            placed: 0,
            retrying: 0,
            bytes: 0,
            #[cfg(feature = "testing")]
            gap: None,
            #[cfg(feature = "testing")]
            seen: false,
        }
    }

    /// What may be committed: the lowest unfinished delivered offset, or what follows the last one (rule 1).
    pub(super) fn watermark(&self) -> Offset {
        #[cfg(feature = "testing")]
        if let Some(wrong) = self.planted_watermark() {
            return wrong;
        }
        self.works.first().unwrap_or(self.next)
    }

    /// What other systems take for it.
    #[cfg(feature = "testing")]
    fn planted_watermark(&self) -> Option<Offset> {
        let past = |passes: fn(&State) -> bool| {
            let holds = |(_, work): &(Offset, &Work)| !passes(&work.state);
            Some(self.works.iter().find(holds).map_or(self.next, |(offset, _)| offset))
        };
        if planted!(HighestSeen) {
            Some(self.next)
        } else if planted!(PastInFlight) {
            past(|state| matches!(state, State::Running))
        } else if planted!(PastWaiting) {
            past(|state| matches!(state, State::Waiting))
        } else if planted!(PastSettling) {
            past(|state| matches!(state, State::Settling(_)))
        } else if planted!(UnackedEntry) {
            past(|state| matches!(state, State::Settling(settling) if settling.writes_entry()))
        } else if planted!(GapIsARecord) {
            self.gap.map(|gap| self.works.first().map_or(gap, |first| first.min(gap)))
        } else {
            None
        }
    }

    /// What follows the last delivered record.
    pub(super) fn next(&self) -> Offset {
        self.next
    }

    /// Takes a record in; false when it, or a later one, was delivered before.
    pub(super) fn deliver(&mut self, record: &Delivered, order: Order, past: Option<Past>) -> bool {
        if !self.pass(record.offset) {
            return false;
        }
        let work = Work::new(record, order, past);
        self.bytes += work.size;
        self.retrying += usize::from(work.retry().is_some());
        self.works.insert(record.offset, work);
        self.lines.arrive(record.offset, &mut self.works);
        true
    }

    /// Notes a record that is finished as it arrives; false when it, or a later one, was delivered before.
    pub(super) fn pass(&mut self, offset: Offset) -> bool {
        let new = offset >= self.next;
        #[cfg(feature = "testing")]
        if offset > self.next && self.seen {
            self.gap.get_or_insert(self.next);
        }
        #[cfg(feature = "testing")]
        {
            self.seen = true;
        }
        if new {
            self.next = offset.next();
        }
        new
    }

    /// Takes back a record that waited in the schedule.
    pub(super) fn recall(&mut self, offset: Offset, work: Work) {
        self.bytes += work.size;
        self.recalled.insert(offset, work);
    }

    pub(super) fn is_recalled(&self, offset: Offset) -> bool {
        self.recalled.contains_key(&offset)
    }

    pub(super) fn get(&self, offset: Offset) -> Option<&Work> {
        self.works.get(offset).or_else(|| self.recalled.get(&offset))
    }

    pub(super) fn get_mut(&mut self, offset: Offset) -> Option<&mut Work> {
        self.works.get_mut(offset).or_else(|| self.recalled.get_mut(&offset))
    }

    /// Moves a record on; the only way in which a state changes. What does not run takes no place.
    pub(super) fn set(&mut self, offset: Offset, state: State) {
        let work = self.works.get_mut(offset).or_else(|| self.recalled.get_mut(&offset));
        let Some(work) = work else { return };
        let (was, is) = (work.state.busy(), state.busy());
        work.state = state;
        if !is {
            self.placed -= std::mem::take(&mut work.placed);
        }
        self.busy = self.busy + usize::from(is) - usize::from(was);
    }

    /// The record runs, and takes so much of the places if it is of a unit that is limited.
    pub(super) fn run(&mut self, offset: Offset, takes: usize) {
        self.set(offset, State::Running);
        let Some(work) = self.get_mut(offset) else { return };
        if work.unit != Unit::Partition && work.placed == 0 {
            work.placed = takes;
            self.placed += takes;
        }
    }

    /// The record goes on without a place: nothing of it runs any more.
    pub(super) fn leave_place(&mut self, offset: Offset) {
        let Some(work) = self.get_mut(offset) else { return };
        let left = std::mem::take(&mut work.placed);
        self.placed -= left;
    }

    /// Lets the records behind this one that wait for nobody else run after it, without another word: at most `limit`,
    /// and only such as `plain` allows. Gives their offsets, in order.
    pub(super) fn chain(
        &mut self,
        head: Offset,
        limit: usize,
        plain: impl Fn(Offset, PolicyId) -> bool,
    ) -> Vec<Offset> {
        let mut chain = Vec::new();
        let mut last = head;
        while chain.len() < limit {
            let Some(next) = self.lines.follower(last, &self.works) else { break };
            let fits = |work: &Work| {
                matches!(work.state, State::Queued)
                    && work.past.is_none()
                    && plain(next, work.policy)
            };
            if !self.works.get(next).is_some_and(fits) {
                break;
            }
            self.lines.follow(next, &self.works);
            self.set(next, State::Running);
            chain.push(next);
            last = next;
        }
        chain
    }

    /// Whether nobody stands before this record of the source in its key.
    pub(super) fn is_first(&self, offset: Offset) -> bool {
        self.works.get(offset).is_some_and(|work| self.lines.is_first(offset, work.unit))
    }

    /// Whether others of its key stand before it.
    pub(super) fn waits_in_line(&self, offset: Offset) -> bool {
        let keyed = |work: &Work| matches!(work.unit, Unit::Key(_));
        self.works.get(offset).is_some_and(keyed) && !self.is_first(offset)
    }

    /// A lane gives back a record that it has not begun.
    pub(super) fn give_back(&mut self, offset: Offset) {
        self.set(offset, State::Queued);
        if self.is_recalled(offset) {
            return self.lines.recall(offset);
        }
        self.lines.give_back(offset, &mut self.works);
    }

    /// Notes what the metadata is to say of a record.
    pub(super) fn set_retry(&mut self, retry: RetryState) {
        if let Some(work) = self.works.get_mut(retry.offset) {
            self.retrying += usize::from(work.past_mut().retry.replace(retry).is_none());
        }
    }

    /// Forgets a record that is finished. Its place goes to the record that runs after it.
    pub(super) fn finish(&mut self, offset: Offset) -> Option<Work> {
        let Some(work) = self.works.remove(offset) else { return self.finish_recalled(offset) };
        self.busy -= usize::from(work.state.busy());
        self.bytes -= work.size;
        self.retrying -= usize::from(work.retry().is_some());
        let after = work.next.and_then(|next| self.works.get_mut(next));
        match after {
            Some(after) if matches!(after.state, State::Running) => after.placed += work.placed,
            _ => self.placed -= work.placed,
        }
        self.lines.finish(offset, &work, &mut self.works);
        Some(work)
    }

    fn finish_recalled(&mut self, offset: Offset) -> Option<Work> {
        let work = self.recalled.remove(&offset)?;
        self.busy -= usize::from(work.state.busy());
        self.bytes -= work.size;
        self.placed -= work.placed;
        Some(work)
    }

    /// Takes the next record whose turn it is out of its line. `place`: whether one more may run side by side;
    /// `room`: whether one may start that has never been tried.
    pub(super) fn take_next(&mut self, place: bool, room: bool) -> Option<Offset> {
        self.lines.take_next(place, room)
    }

    /// Puts a record in line again.
    pub(super) fn requeue(&mut self, offset: Offset) {
        self.set(offset, State::Queued);
        if self.is_recalled(offset) {
            self.lines.recall(offset);
        } else {
            self.lines.again(offset, &self.works);
        }
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
        let recalled = self.recalled.iter().map(|(offset, work)| (*offset, work));
        let all = recalled.chain(self.works.iter());
        all.filter(|(_, work)| parked(work)).map(|(offset, _)| offset).collect()
    }

    pub(super) fn retries(&self) -> impl Iterator<Item = RetryState> + '_ {
        let known = if self.retrying == 0 { None } else { Some(&self.works) };
        known.into_iter().flat_map(|works| works.iter().filter_map(|(_, work)| work.retry()))
    }

    /// What nobody should do: only for [`Bug::CountersReset`](crate::planted::Bug::CountersReset).
    pub(super) fn forget_failures(&mut self) {
        self.works.iter_mut().filter_map(|work| work.past.as_mut()).for_each(|past| past.forget());
    }

    /// In offset order.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = Offset> + '_ {
        self.works.iter().map(|(offset, _)| offset)
    }

    /// How many records the metadata speaks of.
    pub(super) fn retrying(&self) -> usize {
        self.retrying
    }

    /// How many run or settle.
    pub(super) fn busy(&self) -> usize {
        self.busy
    }

    /// How many places are taken.
    pub(super) fn placed(&self) -> usize {
        self.placed
    }

    pub(super) fn len(&self) -> usize {
        self.works.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

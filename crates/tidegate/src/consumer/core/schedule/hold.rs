//! A key that is held: its first record is dead-lettered, and those behind it wait until an operator lets it go (rule 23).
//!
//! ```text
//!   DeadLetter ─▶ entry: dead ─▶ (DeadHandler) ─▶ MarkDead ... ─▶ entry: holds its key ─▶ {Unschedule}: those before it ─▶ held
//!                      └─ cut off: due at once ─▶ the last attempt again                  struck by an operator ─▶ the next of the key
//! ```
//!
//! The first entry comes before the marker: what is marked dead is skipped when it comes again, and would free its key (rule 31). Who
//! finds it makes the last attempt again, as everybody does where a dead letter was written and nothing more; if the marker says
//! `Dead` by then, only the rest is done. The second one says that the record is settled: nobody runs it any more.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::consumer::core::cx::Cx;
use crate::consumer::core::partition::Partition;
use crate::consumer::core::schedule::{Fresh, Goal, Postponed, Stamp};
use crate::consumer::core::work::Unit;
use crate::consumer::core::{End, Step};
use crate::events::RuntimeEvent;
use crate::message::Offset;
use crate::policy::AfterDeadLetter;

/// Whether an entry holds its key for an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hold {
    /// The record is tried again, or waits for another one.
    #[default]
    No,
    /// Its dead letter is written. It is not settled: the last attempt is made again.
    Dead,
    /// It is dead-lettered and settled, and never due.
    Key,
}

impl Partition {
    /// Whether the record's key is to be held when it is dead-lettered.
    pub(in crate::consumer::core) fn holds_key(&self, offset: Offset, cx: &Cx<'_>) -> bool {
        let Some(work) = self.tracker.get(offset) else { return false };
        let asked = cx.route(work.policy).after_dead_letter == AfterDeadLetter::HoldKey;
        let keyed = || matches!(work.unit, Unit::Key(_)) || self.schedule.index.has_key(offset);
        asked && cx.config.schedule.is_some() && keyed()
    }

    /// Whether settling was cut off after its dead letter was written: its key is to be held all the same.
    pub(in crate::consumer::core) fn was_dead(&self, offset: Offset, cx: &Cx<'_>) -> bool {
        let past = self.tracker.get(offset).and_then(|work| work.past.as_ref());
        past.is_some_and(|past| past.dead) && self.holds_key(offset, cx)
    }

    /// Rule 31: the marker says `Dead`. What was cut off between dead letter and marker holds its key all the same.
    pub(in crate::consumer::core) fn settle_skipped(
        &mut self,
        offset: Offset,
        dead: bool,
        cx: &mut Cx<'_>,
    ) {
        self.outage_over(offset, cx);
        if dead && self.was_dead(offset, cx) {
            return self.hold(offset, Hold::Key, End::Skipped, cx);
        }
        self.settle(offset, None, false, Goal::End(End::Skipped), cx);
    }

    /// Writes an entry of a record that is dead-lettered, and ends so.
    pub(in crate::consumer::core) fn hold(
        &mut self,
        offset: Offset,
        hold: Hold,
        end: End,
        cx: &mut Cx<'_>,
    ) {
        let Some(past) = self.tracker.get(offset).and_then(|work| work.past.as_ref()) else {
            return;
        };
        let (tried, history) = (past.tried, past.history.clone());
        // What is marked already was not tried again: the last attempt is that of the entry which said so.
        let attempt = tried.attempts + u32::from(end == End::Skipped);
        let entry = Postponed {
            stamp: self.next_stamp(offset, attempt),
            unknown: tried.unknown,
            due: cx.now.wall,
            delay: Duration::ZERO,
            active: tried.active,
            history,
            hold,
            topic_id: self.topic_id,
        };
        self.settle_to(offset, Step::Schedule(Box::new(entry)), Goal::Hold(end, None), cx);
    }

    /// The next writing of an attempt of which this ownership may have written already.
    fn next_stamp(&self, offset: Offset, attempt: u32) -> Stamp {
        let first = self.stamp(attempt);
        let others = self.schedule.others.get(&offset).into_iter().flat_map(|others| others.keys());
        let own = others.filter(|other| (other.attempt, other.term) == (attempt, first.term));
        own.max().map_or(first, |last| Stamp { write: last.write + 1, ..first })
    }

    /// Each writing is known before it is on its way: an operator may be faster than its answer.
    pub(in crate::consumer::core) fn expect(&mut self, offset: Offset, stamp: Stamp) {
        let (at, due) = (Offset::default(), Duration::ZERO);
        let expected = Fresh { stamp, at, due, key: None, size: 0, held: true };
        self.schedule.others.entry(offset).or_default().insert(stamp, expected);
    }

    /// Nothing but the entry that holds the key is left of the record: it has ended, and its key waits. Unless it was let go meanwhile.
    pub(in crate::consumer::core) fn held(
        &mut self,
        offset: Offset,
        fresh: Fresh,
        end: End,
        cx: &mut Cx<'_>,
    ) {
        let written = self.schedule.others.remove(&offset).unwrap_or_default();
        let partition = self.id.clone();
        if written.contains_key(&fresh.stamp) {
            self.finish(offset, end);
            self.schedule.index.hold(offset, fresh);
            self.tell(RuntimeEvent::KeyHeld { partition, offset }, cx);
        } else {
            self.end(offset, end);
            self.tell(RuntimeEvent::KeyReleased { partition, offset }, cx);
        }
    }

    /// All is read. What is written besides of a record that holds its key counts no more: it would run the record again when an
    /// operator lets the key go.
    pub(super) fn forget_behind_held(&mut self) {
        let Self { schedule, .. } = self;
        let index = &schedule.index;
        let behind = schedule.others.extract_if(.., |origin, _| index.is_held(*origin));
        let named = |(origin, others): (Offset, BTreeMap<Stamp, Fresh>)| {
            others.into_keys().map(move |stamp| (origin, stamp))
        };
        schedule.behind.extend(behind.flat_map(named));
    }

    /// The partition is ours: that is struck, as what is void. Who is no owner may not know whether the entry in front of it is.
    pub(in crate::consumer::core) fn strike_behind_held(&mut self, cx: &mut Cx<'_>) {
        let behind = std::mem::take(&mut self.schedule.behind);
        self.schedule.void.extend(behind);
        self.strike_void(cx);
    }
}

//! A key that is held: its first record is dead-lettered, and those behind it wait until an operator lets it go (rule 23).
//!
//! ```text
//!   DeadLetter ─▶ Schedule: an entry that is never due ─▶ (DeadHandler) ─▶ MarkDead ... ─▶ {Unschedule}: those before it ─▶ held
//!                                                                      the entry is struck by an operator ─▶ the next of the key
//! ```
//!
//! The entry comes before the marker: what is marked dead is skipped when it comes again, and would free its key (rule 31). So
//! settling may have been cut off behind it. That is seen by what is last in each case: an earlier entry is still there, or no
//! commit says that the source record is finished. Then the entry is due: the last attempt is made again, as it always is where
//! a dead letter was written and nothing more. If the marker says `Dead` by then, only the rest is done.

use crate::consumer::core::cx::Cx;
use crate::consumer::core::partition::Partition;
use crate::consumer::core::schedule::{Fresh, Goal, Postponed, Stamp};
use crate::consumer::core::work::Unit;
use crate::consumer::core::{Attempt, End, Step};
use crate::events::RuntimeEvent;
use crate::message::Offset;
use crate::policy::AfterDeadLetter;

impl Partition {
    /// Whether the record's key is to be held when it is dead-lettered.
    pub(in crate::consumer::core) fn holds_key(&self, offset: Offset, cx: &Cx<'_>) -> bool {
        let Some(work) = self.tracker.get(offset) else { return false };
        let asked = cx.route(work.policy).after_dead_letter == AfterDeadLetter::HoldKey;
        let keyed = || matches!(work.unit, Unit::Key(_)) || self.schedule.index.has_key(offset);
        asked && cx.config.schedule.is_some() && keyed()
    }

    /// Whether settling was cut off after a dead letter was written: its entry is to be written anew, and holds the key.
    pub(in crate::consumer::core) fn is_to_be_held_again(
        &self,
        offset: Offset,
        cx: &Cx<'_>,
    ) -> bool {
        let past = self.tracker.get(offset).and_then(|work| work.past.as_ref());
        past.is_some_and(|past| past.held) && self.holds_key(offset, cx)
    }

    /// Writes the entry that holds the key. Then the record is settled on, and ends so.
    pub(in crate::consumer::core) fn hold(
        &mut self,
        offset: Offset,
        history: Vec<Attempt>,
        end: End,
        cx: &mut Cx<'_>,
    ) {
        let Some(work) = self.tracker.get(offset) else { return };
        let tried = work.past.as_ref().map(|past| past.tried).unwrap_or_default();
        // Who is held again is so by the last attempt of its entry, which was not made anew.
        let attempts = tried.attempts + u32::from(end != End::Dead);
        let entry = Postponed {
            stamp: self.stamp(attempts),
            unknown: tried.unknown,
            due: cx.now.wall,
            delay: std::time::Duration::ZERO,
            active: tried.active,
            history,
            held: true,
        };
        self.settle_to(offset, Step::Schedule(Box::new(entry)), Goal::Hold(end, None), cx);
    }

    /// Each writing is known before it is on its way: an operator may be faster than its answer.
    pub(in crate::consumer::core) fn expect_hold(&mut self, offset: Offset, stamp: Stamp) {
        let none = Fresh {
            stamp,
            at: Offset::default(),
            due: std::time::Duration::ZERO,
            key: None,
            size: 0,
            held: true,
        };
        self.schedule.others.entry(offset).or_default().insert(stamp, none);
    }

    /// Everything that the entry stands for is durable: the record has ended, and its key waits. Unless it was let go meanwhile.
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

    /// All is read. What holds its key, and has an earlier entry, or is finished by no commit, was cut off before it was settled.
    pub(super) fn wake_unsettled(&mut self, cx: &Cx<'_>) {
        let written = self.schedule.others.iter().filter(|(_, others)| !others.is_empty());
        let uncommitted = self.schedule.index.unreleased_below(Offset(u64::MAX)).into_iter();
        let uncommitted = uncommitted.filter(|origin| !self.done_above.contains(*origin));
        let unsettled: Vec<_> = written.map(|(origin, _)| *origin).chain(uncommitted).collect();
        for origin in unsettled {
            self.schedule.index.unhold(origin, cx.now.elapsed);
        }
    }
}

//! What the companion's log says, in its order: at the start all of it, then what others write into it.
//!
//! What is written for one record folds to the same in whatever order it is read: its highest attempt that is not struck
//! counts (rule 22). What this ownership writes itself does not come here: it is known from its acknowledgement.

use std::time::Duration;

use crate::consumer::core::Delivered;
use crate::consumer::core::cx::Cx;
use crate::consumer::core::partition::{Partition, Phase};
use crate::consumer::core::schedule::{Fresh, Live};
use crate::consumer::core::work::Unit;
use crate::consumer::core::{Command, End};
use crate::events::RuntimeEvent;
use crate::message::{Offset, Timestamp};
use crate::planted::planted;

/// One thing that the log of a companion says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A record waits.
    Entry(Noted),
    /// An attempt of a record waits no longer.
    Struck {
        /// The source record.
        origin: Offset,
        /// Which of its attempts.
        attempt: u32,
    },
}

/// An entry, as far as the core needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// The source record, under its own offset.
    pub record: Delivered,
    /// Failed attempts so far; 0: it waits behind another one of its key.
    pub attempt: u32,
    /// Where the entry stands in the companion.
    pub at: Offset,
    /// When the next attempt is due, by the wall clock of whoever wrote it (rule 19).
    pub due: Timestamp,
    /// The delay that was drawn then: nobody waits longer.
    pub delay: Duration,
}

impl Partition {
    /// The partition is ours: what waits for it is read before anything of it is processed.
    pub(in crate::consumer::core) fn restore_schedule(&mut self, cx: &mut Cx<'_>) {
        self.schedule = super::Schedule::default();
        cx.push(Command::Restore { partition: self.id.clone(), epoch: self.epoch });
        if planted!(UnreadHead) {
            self.open(cx);
        } else {
            self.phase = Phase::Restoring;
        }
    }

    pub(in crate::consumer::core) fn noted(
        &mut self,
        notes: Vec<Note>,
        caught_up: bool,
        cx: &mut Cx<'_>,
    ) {
        if self.draining || !(self.running() || matches!(self.phase, Phase::Restoring)) {
            return;
        }
        for note in notes {
            match note {
                Note::Entry(noted) => self.note_entry(&noted, cx),
                Note::Struck { origin, attempt } => self.note_struck(origin, attempt),
            }
        }
        if caught_up && !std::mem::replace(&mut self.schedule.complete, true) {
            self.schedule_complete(cx);
        }
    }

    fn schedule_complete(&mut self, cx: &mut Cx<'_>) {
        self.schedule.index.begin();
        let entries = self.schedule.index.len();
        (0..entries).for_each(|_| self.counts.restore());
        if entries > 0 {
            self.tell(RuntimeEvent::Restored { partition: self.id.clone(), entries }, cx);
        }
        if matches!(self.phase, Phase::Restoring) {
            self.open(cx);
        }
    }

    fn note_entry(&mut self, noted: &Noted, cx: &mut Cx<'_>) {
        let origin = noted.record.offset;
        let fresh = fresh(noted, cx);
        // Below the start of the source: it was committed past, so the entry stands for it.
        let passed = origin < self.tracker.next();
        if !self.schedule.complete {
            return self.schedule.index.note(origin, fresh, passed);
        }
        let known = self.schedule.index.stage(origin).is_some();
        if known || !passed || self.tracker.get(origin).is_some() {
            return self.schedule.index.note(origin, fresh, false);
        }
        self.late_entry(origin, fresh, cx);
    }

    /// An earlier owner's entry arrives, and the record is settled: it must not come to life again (rule 22). It is struck in its
    /// turn, without a run.
    fn late_entry(&mut self, origin: Offset, fresh: Fresh, cx: &mut Cx<'_>) {
        if planted!(StaleReAdd) {
            self.counts.restore();
        } else {
            self.schedule.stale.insert(origin);
        }
        self.schedule.index.note(origin, Fresh { due: cx.now.elapsed, ..fresh }, true);
        self.tell(RuntimeEvent::StaleEntry { partition: self.id.clone(), offset: origin }, cx);
    }

    /// An earlier owner has settled an attempt. What runs here already is settled here.
    fn note_struck(&mut self, origin: Offset, attempt: u32) {
        let Some(Live { highest, .. }) = self.schedule.index.live(origin) else { return };
        if attempt < highest {
            return self.schedule.index.struck_below(origin, attempt + 1);
        }
        if self.tracker.is_recalled(origin) {
            return;
        }
        let counted = self.schedule.complete && self.schedule.index.is_released(origin);
        let counted = !self.schedule.stale.remove(&origin) && counted;
        self.unblock(origin);
        if counted {
            self.counts.end(End::Duplicate);
        }
    }
}

/// The due time was fixed by the wall clock of another process. If that clock, or ours, is wrong: nobody waits longer
/// than the delay that was drawn (rule 19).
fn fresh(noted: &Noted, cx: &Cx<'_>) -> Fresh {
    let left = u64::try_from(noted.due.0.saturating_sub(cx.now.wall.0)).unwrap_or(0);
    let wait = Duration::from_millis(left).min(noted.delay);
    let Delivered { size, policy, .. } = noted.record;
    let unit = Unit::of(&noted.record, cx.route(policy).order);
    let key = if let Unit::Key(key) = unit { Some(key) } else { None };
    Fresh { attempt: noted.attempt, at: noted.at, due: cx.after(wait), key, size }
}

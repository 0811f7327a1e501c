//! What the companion's log says, in its order: at the start all of it, then what others write into it.
//!
//! What is written for one record folds to the same in whatever order it is read: its highest attempt that is not struck
//! counts (rule 22). What this ownership writes itself does not come here: it is known from its acknowledgement.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::consumer::core::Delivered;
use crate::consumer::core::End;
use crate::consumer::core::cx::Cx;
use crate::consumer::core::partition::{Partition, Phase};
use crate::consumer::core::schedule::{Fresh, Hold, Stamp};
use crate::consumer::core::work::Unit;
use crate::events::RuntimeEvent;
use crate::message::{Offset, Timestamp, TopicId};
use crate::planted::planted;

/// The keys of so many notes are looked for side by side.
const TOGETHER: usize = 64;

/// One thing that the log of a companion says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A record waits.
    Entry(Noted),
    /// An attempt of a record waits no longer.
    Struck {
        /// The source record.
        origin: Offset,
        /// Which writing of it.
        stamp: Stamp,
    },
}

impl Note {
    fn key(&self) -> Option<u64> {
        match self {
            Self::Entry(noted) => noted.record.key,
            Self::Struck { .. } => None,
        }
    }
}

/// An entry, as far as the core needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// The source record, under its own offset.
    pub record: Delivered,
    /// Attempt, and who has written it.
    pub stamp: Stamp,
    /// Where the entry stands in the companion.
    pub at: Offset,
    /// When the next attempt is due, by the wall clock of whoever wrote it (rule 19).
    pub due: Timestamp,
    /// The delay that was drawn then: nobody waits longer.
    pub delay: Duration,
    /// Whether it is dead-lettered, and holds its key.
    pub hold: Hold,
    /// Which topic of its name the record is of, if its writer knew.
    pub topic_id: Option<TopicId>,
}

impl Partition {
    /// `next`: all that stands in the companion below has been read with these notes.
    pub(in crate::consumer::core) fn noted(
        &mut self,
        notes: Vec<Note>,
        next: Offset,
        caught_up: bool,
        cx: &mut Cx<'_>,
    ) {
        let reads = matches!(self.phase, Phase::Restoring | Phase::Proving | Phase::Running);
        if self.draining || !reads {
            return;
        }
        for notes in notes.chunks(TOGETHER) {
            self.schedule.index.warm(notes.iter().filter_map(Note::key));
            for note in notes {
                match note {
                    Note::Entry(noted) => self.note_entry(noted, cx),
                    Note::Struck { origin, stamp } => self.note_struck(*origin, *stamp, cx),
                }
            }
        }
        if caught_up && !std::mem::replace(&mut self.schedule.complete, true) {
            self.schedule_complete(next, cx);
        }
        self.strike_void(cx);
    }

    fn note_entry(&mut self, noted: &Noted, cx: &mut Cx<'_>) {
        let (origin, stamp) = (noted.record.offset, noted.stamp);
        if self.topic_id.zip(noted.topic_id).is_some_and(|(ours, theirs)| ours != theirs) {
            return self.note_orphan(noted, cx);
        }
        if self.fence.voids(stamp, noted.at) {
            return self.note_void(noted, cx);
        }
        if planted!(HeldForgotten) && noted.hold == Hold::Key {
            return;
        }
        if self.schedule.complete {
            // Of a later owner: ours is over, as we shall hear. Or it came after we had read all, and no commit says so yet: it is
            // void for whoever comes after us.
            return;
        }
        self.schedule.latest = self.schedule.latest.max(stamp.term);
        // Below the start of the source: it was committed past, so the entry stands for it.
        let passed = origin < self.tracker.next();
        self.schedule.note(origin, fresh(noted, cx), passed);
    }

    /// Its offset means another record here: it must neither stand for that one, nor go (rule 7).
    fn note_orphan(&mut self, noted: &Noted, cx: &mut Cx<'_>) {
        self.schedule.latest = self.schedule.latest.max(noted.stamp.term);
        let (partition, offset) = (self.id.clone(), noted.record.offset);
        self.tell(RuntimeEvent::OrphanEntry { partition, offset, at: noted.at }, cx);
    }

    /// It came when an owner after its writer had read all there was: that one had the record from elsewhere, and it must not come
    /// to life again (rule 22).
    fn note_void(&mut self, noted: &Noted, cx: &mut Cx<'_>) {
        let origin = noted.record.offset;
        if planted!(StaleReAdd) {
            self.counts.restore();
            self.schedule.note(origin, fresh(noted, cx), true);
        } else {
            self.schedule.void.insert((origin, noted.stamp));
        }
        self.tell(RuntimeEvent::StaleEntry { partition: self.id.clone(), offset: origin }, cx);
    }

    /// An earlier owner has settled a record, or is done with one of its entries; or an operator lets a key go. What runs here already
    /// is settled here.
    fn note_struck(&mut self, origin: Offset, stamp: Stamp, cx: &mut Cx<'_>) {
        self.schedule.latest = self.schedule.latest.max(stamp.term);
        if self.schedule.void.remove(&(origin, stamp)) || self.forget_other(origin, stamp) {
            return;
        }
        let counts = self.schedule.index.stamp(origin) == Some(stamp);
        if !counts || self.tracker.is_recalled(origin) {
            return;
        }
        let (released, held) =
            (self.schedule.index.is_released(origin), self.schedule.index.is_held(origin));
        let others = self.schedule.others.remove(&origin);
        self.unblock(origin);
        // It was void, and is struck as such: who settles a record strikes what counts last.
        for other in others.iter().flat_map(BTreeMap::values) {
            self.schedule.note(origin, *other, released);
        }
        match self.schedule.complete && others.is_none() {
            true if held => {
                self.tell(
                    RuntimeEvent::KeyReleased { partition: self.id.clone(), offset: origin },
                    cx,
                );
            }
            true if released => self.counts.end(End::Duplicate),
            _ => {}
        }
    }

    fn forget_other(&mut self, origin: Offset, stamp: Stamp) -> bool {
        let Some(others) = self.schedule.others.get_mut(&origin) else { return false };
        let known = others.remove(&stamp).is_some();
        if others.is_empty() {
            self.schedule.others.remove(&origin);
        }
        known
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
    Fresh {
        stamp: noted.stamp,
        at: noted.at,
        due: cx.after(wait),
        key,
        size,
        held: noted.hold == Hold::Key,
    }
}

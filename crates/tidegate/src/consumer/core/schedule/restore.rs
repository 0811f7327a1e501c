//! The beginning of an ownership: everything that waits is known, and what is void is gone, before a commit says so (rules 12, 22).
//!
//! ```text
//!   Restoring ── all read ─▶ void ones struck ─▶ Proving ── commit with the new fence accepted ─▶ Running
//! ```

use crate::consumer::core::Command;
use crate::consumer::core::cx::Cx;
use crate::consumer::core::partition::{Partition, Phase};
use crate::consumer::core::schedule::{Fence, Schedule, Stamp};
use crate::events::RuntimeEvent;
use crate::message::Offset;
use crate::planted::planted;

impl Partition {
    /// The start is chosen: what waits is read before a commit is to prove that the partition is ours.
    pub(in crate::consumer::core) fn restore_schedule(&mut self, cx: &mut Cx<'_>) {
        self.schedule = Schedule::default();
        cx.push(Command::Restore { partition: self.id.clone(), epoch: self.epoch });
        self.phase = Phase::Restoring;
        if planted!(UnreadHead) {
            self.prove();
        }
    }

    pub(super) fn schedule_complete(&mut self, next: Offset, cx: &mut Cx<'_>) {
        self.forget_behind_held();
        self.schedule.index.begin();
        let entries = self.schedule.index.len();
        (0..entries).for_each(|_| self.counts.restore());
        if entries > 0 {
            self.tell(RuntimeEvent::Restored { partition: self.id.clone(), entries }, cx);
        }
        self.schedule.read_to = next;
        self.prove_if_clean();
    }

    /// A new fence hides what the one before it tells: nothing void may be left behind it.
    fn prove_if_clean(&mut self) {
        let restoring = matches!(self.phase, Phase::Restoring) && self.schedule.complete;
        if restoring && self.schedule.void.is_empty() {
            self.prove();
        }
    }

    fn prove(&mut self) {
        let term = self.fence.term.max(self.schedule.latest) + 1;
        self.fence = Fence { term, end: self.schedule.read_to };
        self.phase = Phase::Proving;
        self.progress.metadata_changed(false);
    }

    /// What is void is struck: true whoever owns the partition, as an accepted commit has the fence that says so. One that is not
    /// accepted yet says nothing.
    pub(in crate::consumer::core) fn strike_void(&mut self, cx: &mut Cx<'_>) {
        let proven = matches!(self.phase, Phase::Restoring | Phase::Running);
        let known = proven && self.schedule.complete;
        if known && !self.schedule.void.is_empty() && !self.schedule.striking {
            self.schedule.striking = true;
            let (partition, epoch) = (self.id.clone(), self.epoch);
            let entries = self.schedule.void.iter().copied().collect();
            cx.push(Command::StrikeVoid { partition, epoch, entries });
        }
    }

    /// These are struck, durably.
    pub(in crate::consumer::core) fn void_struck(
        &mut self,
        entries: &[(Offset, Stamp)],
        cx: &mut Cx<'_>,
    ) {
        self.schedule.striking = false;
        for entry in entries {
            self.schedule.void.remove(entry);
        }
        self.strike_void(cx);
        self.prove_if_clean();
    }
}

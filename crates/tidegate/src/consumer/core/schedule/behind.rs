//! Those behind a record that goes into the schedule go along (rule 23): they need not wait for its acknowledgement to be written.
//!
//! ```text
//!   a key in the source:   r1 ── r2 ── r3            r1 has failed, or waits behind one in there
//!   written together:      entry of r1, of r2, of r3
//!   r2 is acknowledged first:  noted as unreleased; r2 stays in its line, and holds the watermark
//!   r1 is acknowledged:        r1 leaves its line, and r2 has its turn: it leaves, too, and is released
//! ```
//!
//! So what stands in the schedule of a key begins, at each moment, with the first that is not finished; what an earlier owner
//! has left above its commit is treated the same way (rule 22). A key that fails is written as fast as it comes, however slow the log
//! answers, instead of one record for each answer.

use crate::consumer::core::cx::Cx;
use crate::consumer::core::partition::Partition;
use crate::consumer::core::work::{State, Unit};
use crate::message::Offset;

impl Partition {
    /// What is being written of a key since the last look takes those behind it along.
    pub(in crate::consumer::core) fn park_behind(&mut self, cx: &mut Cx<'_>) {
        for head in std::mem::take(&mut self.schedule.heads) {
            if self.running() && !self.draining {
                self.park_all_behind(head, cx);
            }
        }
    }

    /// As many as the schedule takes of a key; the next has its turn when all of these have left.
    fn park_all_behind(&mut self, head: Offset, cx: &mut Cx<'_>) {
        let Some(limit) = cx.config.schedule.as_ref().map(|s| s.parked_bytes_per_key) else {
            return;
        };
        let Some(work) = self.tracker.get(head) else { return };
        let (Unit::Key(key), State::Settling(_)) = (work.unit, &work.state) else { return };
        let (mut bytes, mut next) = (self.schedule.index.bytes_of(key) + work.size, work.next);
        while let Some(offset) = next {
            let Some(work) = self.tracker.get(offset) else { return };
            bytes += work.size;
            if !matches!(work.state, State::Queued) || self.schedule.knows(offset) || bytes > limit
            {
                return;
            }
            next = work.next;
            self.park(offset, cx);
        }
    }
}

//! What a running partition does with its records: takes them in, starts those whose turn it is, hears how they ended.

use crate::consumer::core::cx::Cx;
use crate::consumer::core::partition::Partition;
use crate::consumer::core::work::{Past, State};
use crate::consumer::core::{Delivered, Verdict};
use crate::events::RuntimeEvent;
use crate::message::Offset;

impl Partition {
    /// Takes records in. What comes during a drain, or before the start, is not ours to run.
    pub(super) fn deliver(&mut self, records: &[Delivered], cx: &mut Cx<'_>) {
        if !self.running() || self.draining {
            return;
        }
        self.breaks_silence(cx);
        for record in records {
            self.arrive(record, cx);
        }
        self.pass_missing();
    }

    /// Entries whose source record is gone (compaction, retention) have had their turn.
    fn pass_missing(&mut self) {
        for origin in self.schedule.index.unreleased_below(self.tracker.next()) {
            if self.tracker.get(origin).is_none() {
                let pending = self.schedule.index.len();
                self.schedule.index.release(origin);
                if self.schedule.index.len() > pending {
                    self.counts.restore();
                }
            }
        }
    }

    fn arrive(&mut self, record: &Delivered, cx: &mut Cx<'_>) {
        let offset = record.offset;
        let scheduled = self.schedule.index.is_unreleased(offset);
        // What holds its key has ended, and waits for nothing that is of the source.
        let held = scheduled && self.schedule.index.is_held(offset);
        let done = held || !scheduled && self.done_above.contains(offset);
        if done && offset >= self.tracker.next() {
            self.schedule.index.release(offset);
            return self.end_at_arrival(offset);
        }
        let past = if self.restored.is_empty() { None } else { self.restored.remove(&offset) };
        let past = past.map(|(retry, due)| Past::restored(retry, due));
        if self.tracker.deliver(record, cx.route(record.policy).order, past) {
            self.counts.deliver();
        } else {
            let partition = self.id.clone();
            self.tell(RuntimeEvent::Redelivered { partition, offset }, cx);
        }
    }

    /// Starts the next record whose turn it is; false when there is none. `place`: whether one more may run side by side.
    pub(super) fn start_next(&mut self, place: bool, cx: &mut Cx<'_>) -> bool {
        if !self.running() || self.draining || !self.lease.holds(cx.now.elapsed) {
            return false;
        }
        if self.outage.is_some() {
            return self.start_probe(place, cx);
        }
        let room = self.metadata_has_room();
        let Some(offset) = self.tracker.take_next(place, room) else { return false };
        self.start(offset, cx);
        true
    }

    /// Lanes have answered. What they give back is taken last one first: so each finds those behind it in line.
    pub(super) fn ran(&mut self, answers: Vec<(Offset, Verdict)>, cx: &mut Cx<'_>) {
        let mut back = Vec::new();
        for (offset, verdict) in answers {
            match verdict {
                Verdict::Held => back.push(offset),
                verdict => self.finished(offset, verdict, cx),
            }
        }
        while let Some(offset) = back.pop() {
            let state = self.tracker.get(offset).map(|work| &work.state);
            if self.running() && matches!(state, Some(State::Running)) {
                self.give_back(offset);
            }
        }
    }

    /// Does what a record's timer was set for.
    pub(super) fn wake(&mut self, offset: Offset, cx: &mut Cx<'_>) {
        match self.tracker.get(offset).map(|work| &work.state) {
            Some(State::Waiting) => self.tracker.requeue(offset),
            Some(State::Settling(_)) if self.running() => self.repeat_step(offset, cx),
            _ => {}
        }
    }
}

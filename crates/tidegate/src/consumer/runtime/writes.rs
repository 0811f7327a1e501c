//! What is written into the schedule: that of one ownership together, one call at a time. What comes meanwhile is the next call.
//!
//! ```text
//!   step ─▶ pending ─┬─ no call under way: as much as a call takes ─▶ lane ─▶ publish ─▶ answers ─▶ driver, next call
//!                    └─ one under way: waits for its answer
//! ```
//!
//! So as much finds together as the log is slow, and as others write (`calls.rs`); a burst of failures has no more copies on their
//! way than one call of each partition. What is pending is a record in memory, which the core's budget counts (rule 14).

mod calls;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

pub(super) use calls::Calls;

use crate::consumer::core::{Postponed, Stamp, Step, WorkId};
use crate::consumer::runtime::held::Held;
use crate::consumer::runtime::job::Carry;
use crate::consumer::runtime::lane::Task;
use crate::consumer::runtime::tenure::Tenure;
use crate::delivery::Identified;
use crate::message::Offset;

/// At most so many records, and so many bytes of them, are in a call, if it has more than one.
const CALL: (usize, usize) = (1_000, 1 << 20);

/// What is to be written for a record.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) offset: Offset,
    pub(super) item: Arc<Identified>,
    pub(super) carry: Carry,
    pub(super) what: What,
}

/// One of the two steps that concern the schedule.
#[derive(Debug)]
pub(super) enum What {
    /// Its next entry.
    Entry(Box<Postponed>),
    /// The end of these, in this order.
    Tombstones(Vec<Stamp>),
}

impl What {
    /// If the step is one of them; else it is given back.
    pub(super) fn of(step: Step) -> Result<Self, Step> {
        match step {
            Step::Schedule(postponed) => Ok(Self::Entry(postponed)),
            Step::Unschedule(stamps) => Ok(Self::Tombstones(stamps)),
            other => Err(other),
        }
    }
}

/// What one ownership writes.
#[derive(Debug, Default)]
pub(super) struct Writes {
    pending: VecDeque<Write>,
    under_way: bool,
    /// It stands among those whose call may begin.
    asked: bool,
}

impl Writes {
    /// Whether it is to be asked for its next call, which is noted.
    fn asks(&mut self) -> bool {
        let asks = !self.asked && !self.under_way && !self.pending.is_empty();
        self.asked |= asks;
        asks
    }

    /// The next call, if none is under way.
    fn next(&mut self) -> Vec<Write> {
        let (mut call, mut bytes) = (Vec::new(), 0);
        while !self.under_way && call.len() < CALL.0 {
            let fits = |write: &mut Write| call.is_empty() || bytes + write.size() <= CALL.1;
            let Some(write) = self.pending.pop_front_if(fits) else { break };
            bytes += write.size();
            call.push(write);
        }
        self.under_way |= !call.is_empty();
        call
    }
}

impl Write {
    fn size(&self) -> usize {
        self.item.record.footprint()
    }
}

impl Held {
    /// Something is to be written for a record.
    pub(super) fn write(&mut self, work: &WorkId, what: What) {
        if let What::Entry(postponed) = &what {
            self.postpone(work, postponed.clone());
        }
        let Some(ownership) = self.of_mut(&work.partition, work.epoch) else { return };
        let Some((item, carry)) = ownership.take_along(work.offset) else { return };
        ownership.writes.pending.push_back(Write { offset: work.offset, item, carry, what });
        if ownership.writes.asks() {
            self.calls.ask(work.partition.clone(), work.epoch);
        }
    }

    /// A call is answered.
    pub(super) fn written(&mut self, tenure: &Tenure) {
        let Some(ownership) = self.of_mut(&tenure.partition, tenure.epoch) else { return };
        ownership.writes.under_way = false;
        if ownership.writes.asks() {
            self.calls.ask(tenure.partition.clone(), tenure.epoch);
        }
    }

    /// The calls that may begin now.
    pub(super) fn begin_calls(&mut self, now: Duration) -> Vec<Task> {
        let mut tasks = Vec::new();
        while let Some((partition, epoch)) = self.calls.next(now) {
            let Some(ownership) = self.of_mut(&partition, epoch) else { continue };
            ownership.writes.asked = false;
            let writes = ownership.writes.next();
            if !writes.is_empty() {
                tasks.push(Task::Write { tenure: ownership.tenure.handle(), writes });
                self.calls.began(now);
            }
        }
        tasks
    }
}

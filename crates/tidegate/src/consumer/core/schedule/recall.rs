//! Out of the schedule: a record whose time has come, and what becomes of its entry (rules 4, 22, 23).

use std::time::Duration;

use crate::consumer::core::cx::Cx;
use crate::consumer::core::partition::Partition;
use crate::consumer::core::schedule::Goal;
use crate::consumer::core::work::{Past, Work};
use crate::consumer::core::{Attempt, Command, CoreConfig, Delivered, Step};
use crate::events::RuntimeEvent;
use crate::message::Offset;
use crate::policy::Order;
use crate::policy::retry::Tried;

/// A record that was read out of its entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recalled {
    /// The source record, under its own offset.
    pub record: Delivered,
    /// Failed attempts so far.
    pub attempts: u32,
    /// Those of them that panicked or were cut off.
    pub unknown: u32,
    /// How long it has been tried, with the wait that is over now.
    pub active: Duration,
    /// What is known of the attempts, oldest first.
    pub history: Vec<Attempt>,
    /// It was dead-lettered, and its settling was cut off: the last attempt is made again.
    pub dead: bool,
}

impl Partition {
    /// Asks for the records whose time has come. During an outage they wait (rule 23).
    pub(in crate::consumer::core) fn tend_schedule(&mut self, cx: &mut Cx<'_>) {
        let Some(schedule) = &cx.config.schedule else { return };
        while self.recalls() && self.schedule.index.away() < schedule.recalls {
            let Some((origin, at)) = self.schedule.index.due(cx.now.elapsed) else { return };
            let (partition, epoch) = (self.id.clone(), self.epoch);
            cx.push(Command::Recall { partition, epoch, origin, at });
        }
    }

    fn recalls(&self) -> bool {
        self.running() && !self.draining && self.outage.is_none()
    }

    /// When the next record is to be asked for. What waits for others to come back waits for no time.
    pub(in crate::consumer::core) fn schedule_deadline(
        &self,
        config: &CoreConfig,
    ) -> Option<Duration> {
        let limit = config.schedule.as_ref()?.recalls;
        let asks = self.recalls() && self.schedule.index.away() < limit;
        self.schedule.index.next_due().filter(|_| asks)
    }

    /// The driver has read the record out of its entry, or could not.
    pub(in crate::consumer::core) fn recalled(
        &mut self,
        origin: Offset,
        found: Result<Box<Recalled>, String>,
        cx: &mut Cx<'_>,
    ) {
        if !self.running() {
            return;
        }
        match found {
            Ok(found) if self.schedule.index.brought(origin) => self.back(*found, cx),
            Ok(_) => {
                let (partition, epoch) = (self.id.clone(), self.epoch);
                cx.push(Command::Shelve { partition, epoch, offset: origin });
            }
            Err(message) => {
                let delay = cx.config.settle_backoff.delay(1, cx.draw());
                if self.schedule.index.ask_again(origin, cx.after(delay)) {
                    let partition = self.id.clone();
                    let event = RuntimeEvent::RecallFailed { partition, offset: origin, message };
                    self.tell(event, cx);
                }
            }
        }
    }

    fn back(&mut self, found: Recalled, cx: &mut Cx<'_>) {
        let Recalled { record, attempts, unknown, active, history, dead } = found;
        let tried = Tried { attempts, unknown, active };
        let past = Past { tried, history, dead, ..Past::default() };
        // Its place among those of its key is kept by the index.
        let work = Work::new(&record, Order::None, Some(past));
        let offset = record.offset;
        self.tracker.recall(offset, work);
        self.tell(RuntimeEvent::Recalled { partition: self.id.clone(), offset }, cx);
        self.tracker.requeue(offset);
    }

    /// The last step of settling: the entry goes when everything that it stands for is durable.
    /// What holds the key stays.
    pub(in crate::consumer::core) fn strike(&self, offset: Offset, goal: Goal) -> Option<Step> {
        if !self.tracker.is_recalled(offset) && !self.schedule.knows(offset) {
            return None; // most records: nothing is looked up
        }
        let mut written = self.schedule.written(offset);
        if let Goal::Hold(_, Some(kept)) = goal {
            written.retain(|stamp| *stamp != kept.stamp);
        }
        (!written.is_empty()).then_some(Step::Unschedule(written))
    }

    /// An entry is struck, durably.
    pub(in crate::consumer::core) fn struck(
        &mut self,
        offset: Offset,
        goal: Goal,
        cx: &mut Cx<'_>,
    ) {
        match goal {
            Goal::End(end) => self.end(offset, end),
            Goal::Wait(fresh) => self.wait_again(offset, fresh, cx),
            Goal::Hold(end, Some(fresh)) => self.held(offset, fresh, end, cx),
            Goal::Entry | Goal::Hold(_, None) => {} // it is written first
        }
    }
}

//! What comes from the group: ownership and records.

use std::hash::{DefaultHasher, Hasher};

use crate::broker::{Assignment, GroupEvent};
use crate::consumer::core::{Delivered, Event, Stopped};
use crate::consumer::runtime::driver::Driver;
use crate::delivery::Identified;
use crate::error::Error;
use crate::events::RuntimeEvent;
use crate::message::{Record, TopicPartition};

impl Driver {
    /// Takes in one event of the group.
    pub(super) fn group(&mut self, event: GroupEvent) -> Result<Option<Stopped>, Error> {
        self.count(&event);
        let event = match event {
            GroupEvent::Assigned(assigned) => match self.position(assigned) {
                Some(assigned) => Event::Assigned(assigned),
                None => return Ok(None),
            },
            GroupEvent::Records { partition, records } => self.records(partition, records),
            GroupEvent::Revoking { partitions, within, ticket } => {
                Event::Revoking { partitions, within, ticket }
            }
            GroupEvent::Lost(partitions) => Event::Lost(partitions),
            GroupEvent::OutOfRange { partition, position, watermarks } => {
                Event::OutOfRange { partition, position, watermarks }
            }
            GroupEvent::Silent { partition, position, end } => {
                Event::Silent { partition, position, end }
            }
            GroupEvent::SilenceOver { partition } => Event::SilenceOver { partition },
            GroupEvent::CorruptBatch { partition, position, reason } => {
                Event::CorruptBatch { partition, position, reason }
            }
            GroupEvent::CorruptBatchOver { partition } => Event::CorruptBatchOver { partition },
            GroupEvent::Fatal(source) => return Err(self.membership(source)),
            GroupEvent::PollExceeded => return self.heard(RuntimeEvent::PollExceeded),
            GroupEvent::TopicGone(topic) => return self.heard(RuntimeEvent::TopicGone { topic }),
            GroupEvent::TopicBack { topic, anew } => {
                return self.heard(RuntimeEvent::TopicBack { topic, anew });
            }
        };
        self.tell_core(event)
    }

    /// What this member owns has changed, or is about to.
    fn count(&self, event: &GroupEvent) {
        use GroupEvent::{Assigned, Lost, Revoking};
        if let (Some(meters), Assigned(_) | Revoking { .. } | Lost(_)) = (&self.shop.meters, event)
        {
            meters.rebalanced();
        }
    }

    /// What is only told.
    fn heard(&self, event: RuntimeEvent) -> Result<Option<Stopped>, Error> {
        self.tell(&event);
        Ok(None)
    }

    /// Keeps the records, and tells what the core needs to know of them.
    fn records(&mut self, partition: TopicPartition, records: Vec<Record>) -> Event {
        let mut delivered = Vec::with_capacity(records.len());
        let mut held = self.held.present(&partition);
        for record in records {
            let routed = self.shop.endpoint.route(&record);
            let (offset, size, policy) = (record.offset, record.footprint(), routed.policy);
            let key = record.key.as_deref().map(hash);
            self.observers.delivered(&record);
            if let Some(held) = &mut held {
                held.keep(Identified::new(record, routed, self.shop.identity.group.clone()));
            }
            delivered.push(Delivered { offset, size, policy, key });
        }
        Event::Delivered { partition, records: delivered }
    }

    /// Gives the assignment back, unless a point in time has to be looked up for it first.
    fn position(&mut self, assigned: Vec<Assignment>) -> Option<Vec<Assignment>> {
        let Some(time) = self.start_time.filter(|time| time.concerns(&assigned)) else {
            return Some(assigned);
        };
        let broker = self.shop.broker.clone();
        self.positioning = Some(Box::pin(async move { time.position(&broker, assigned).await }));
        None
    }
}

/// Equal keys hash alike, in this process.
pub(super) fn hash(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key);
    hasher.finish()
}

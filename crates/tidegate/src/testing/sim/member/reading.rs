//! Reading what is owned, each partition in its turn.

use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::time::Duration;

use tokio::time::Instant;

use super::SimMember;
use crate::broker::sync::lock;
use crate::broker::{FetchLimit, GroupEvent};
use crate::message::{Offset, TopicPartition};
use crate::testing::sim::part::CORRUPT;

/// How far a partition is.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// What is read next; nothing before the partition is started.
    pub(super) position: Option<Offset>,
    pub(super) paused: bool,
    /// It was told that what comes next cannot be read.
    pub(super) corrupt: bool,
}

impl Reading {
    /// What is to be told of a batch that is damaged, or is not any more.
    fn hear(&mut self, at: &TopicPartition, corrupt: bool) -> Option<GroupEvent> {
        let (position, partition) = (self.position?, at.clone());
        let was = std::mem::replace(&mut self.corrupt, corrupt);
        match (was, corrupt) {
            (false, true) => {
                let reason = CORRUPT.to_owned();
                Some(GroupEvent::CorruptBatch { partition, position, reason })
            }
            (true, false) => Some(GroupEvent::CorruptBatchOver { partition }),
            _ => None,
        }
    }
}

impl SimMember {
    /// The next records of whoever has some, beginning behind the partition whose turn was last.
    pub(super) fn records(&mut self) -> Option<GroupEvent> {
        let Some(last) = self.last.take() else { return self.first_of((Unbounded, Unbounded)) };
        let behind = self.first_of((Excluded(&last), Unbounded));
        let event = behind.or_else(|| self.first_of((Unbounded, Included(&last))));
        self.last.get_or_insert(last);
        event
    }

    fn first_of(
        &mut self,
        range: (Bound<&TopicPartition>, Bound<&TopicPartition>),
    ) -> Option<GroupEvent> {
        let (records, bytes) = (self.how.max_poll_records, self.how.max_poll_bytes);
        let limit = FetchLimit { records, bytes, wait: Duration::ZERO };
        let (outages, now) = (lock(&self.broker.inner.outages), Instant::now());
        let mut state = self.broker.inner.state();
        for (partition, reading) in self.owned.range_mut::<TopicPartition, _>(range) {
            let Some(position) = reading.position.filter(|_| !reading.paused) else { continue };
            let leader = outages.leader_back(partition, now).is_none();
            let Some(part) = state.partition_mut(partition).ok().filter(|_| leader) else {
                continue;
            };
            let (partition, watermarks) = (partition.clone(), part.bounds());
            if position < watermarks.start || position > watermarks.end {
                reading.position = None;
                return Some(GroupEvent::OutOfRange { partition, position, watermarks });
            }
            if let Some(event) = reading.hear(&partition, part.is_corrupt_from(position)) {
                return Some(event);
            }
            let fetched = part.fetch(position, &limit, &self.waker);
            reading.position = Some(fetched.next);
            if !fetched.records.is_empty() {
                self.last = Some(partition.clone());
                return Some(GroupEvent::Records { partition, records: fetched.records });
            }
        }
        None
    }
}

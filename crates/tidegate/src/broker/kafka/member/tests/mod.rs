//! The state's transitions, without a client; and clients that have fallen silent, or met a corrupt batch.

mod corrupt;
mod grants;
mod intake;
mod room;
mod silent;
mod starts;

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::state::State;
use crate::broker::{Assignment, GroupEvent, Subscription, Watermarks};
use crate::headers::Headers;
use crate::message::{Offset, Partition, Record, Timestamp, TopicName, TopicPartition};

/// How long anything of a client may take. A passing run never waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

fn place(number: u32) -> TopicPartition {
    TopicPartition::new(TopicName::new("t").unwrap(), Partition(number))
}

fn record(partition: &TopicPartition, offset: u64) -> Record {
    Record {
        topic: partition.topic.clone(),
        partition: partition.partition,
        offset: Offset(offset),
        timestamp: Timestamp(1),
        key: None,
        value: Some(Bytes::from_static(b"0123456789")),
        headers: Headers::new(),
    }
}

fn bounds(start: u64, end: u64) -> Watermarks {
    Watermarks { start: Offset(start), end: Offset(end) }
}

struct Bench {
    state: State,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let how =
            Subscription { max_poll_records: 2, ..Subscription::new("g", vec![place(0).topic]) };
        Self { state: State::new(&how), now: Instant::now() }
    }

    /// Grants it, and tells the member.
    fn told(&mut self, partition: &TopicPartition) -> u64 {
        let grant = self.state.granted(vec![partition.clone()])[0].1;
        self.state.held(std::slice::from_ref(partition));
        self.described(partition, grant);
        assert!(matches!(self.state.next(), Some(GroupEvent::Assigned(_))));
        grant
    }

    fn described(&mut self, partition: &TopicPartition, grant: u64) {
        let (partition, watermarks) = (partition.clone(), bounds(0, 10));
        self.state.described(
            grant,
            Assignment { partition, committed: None, watermarks, topic_id: None },
        );
    }

    /// Starts it and lets the client follow.
    fn running(&mut self, partition: &TopicPartition, from: u64) {
        self.state.start(partition, Offset(from));
        assert_eq!(self.state.turn(self.now).seek, [(partition.clone(), Offset(from))]);
        self.state.sought(partition, Offset(from));
        assert_eq!(self.state.turn(self.now).release, std::slice::from_ref(partition));
        self.now = self.now.max(Instant::now());
    }

    fn keep(&mut self, partition: &TopicPartition, offsets: std::ops::Range<u64>) {
        let records = offsets.map(|offset| record(partition, offset)).collect();
        self.state.keep(partition, records);
    }

    /// How many partitions the client is told to hold now.
    fn holds(&mut self) -> usize {
        self.state.open(self.now);
        self.state.turn(self.now).hold.len()
    }

    fn records(&mut self) -> Vec<u64> {
        match self.state.next() {
            Some(GroupEvent::Records { records, .. }) => {
                records.iter().map(|record| record.offset.0).collect()
            }
            None => Vec::new(),
            other => panic!("{other:?}"),
        }
    }
}

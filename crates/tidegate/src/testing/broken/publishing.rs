//! Brokers that write something else than they were told, or later than they say.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::twist::Twist;
use crate::broker::{Acks, BoxFuture, Broker, Placed};
use crate::message::{NewRecord, Offset, Partition, TopicPartition};

/// Acknowledges the last record of a batch, and has not written it.
#[derive(Debug)]
pub(super) struct LosesTheLastAcked;

impl Twist for LosesTheLastAcked {
    fn publish(&self, sound: &Broker, mut records: Vec<NewRecord>) -> Acks {
        if records.len() > 1 {
            records.pop();
            let written = sound.publish(records);
            return Box::pin(async {
                let mut acks = written.await;
                let last = acks.last().cloned();
                acks.extend(last.map(|ack| ack.map(|p| Placed { offset: p.offset.next(), ..p })));
                acks
            });
        }
        sound.publish(records)
    }
}

/// Writes a batch from its end.
#[derive(Debug)]
pub(super) struct ReordersABatch;

impl Twist for ReordersABatch {
    fn publish(&self, sound: &Broker, mut records: Vec<NewRecord>) -> Acks {
        records.reverse();
        let written = sound.publish(records);
        Box::pin(async {
            let mut acks = written.await;
            acks.reverse();
            acks
        })
    }
}

/// Changes each record on its way in.
#[derive(Debug)]
pub(super) struct ChangesRecords(pub(super) fn(&mut NewRecord));

impl Twist for ChangesRecords {
    fn publish(&self, sound: &Broker, mut records: Vec<NewRecord>) -> Acks {
        records.iter_mut().for_each(self.0);
        sound.publish(records)
    }
}

/// Keeps one header of each name.
pub(super) fn drop_repeated_headers(record: &mut NewRecord) {
    let mut seen = HashSet::new();
    let first = record.headers.iter().filter(|header| seen.insert(header.name.clone()));
    record.headers = first.cloned().collect();
}

/// Takes null for empty.
pub(super) fn fill_null_values(record: &mut NewRecord) {
    record.value.get_or_insert_with(Bytes::new);
}

/// Takes null for empty.
pub(super) fn fill_null_keys(record: &mut NewRecord) {
    record.key.get_or_insert_with(Bytes::new);
}

/// Writes where it likes.
pub(super) fn ignore_the_partition(record: &mut NewRecord) {
    record.partition = Some(Partition(0));
}

/// Takes the time of the append for every record.
pub(super) fn forget_the_time(record: &mut NewRecord) {
    record.timestamp = None;
}

/// Acknowledges at once what it writes when somebody reads: a crash takes it.
#[derive(Debug, Default)]
pub(super) struct AcksBeforeItIsDurable {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    records: Vec<NewRecord>,
    next: HashMap<TopicPartition, Offset>,
}

impl AcksBeforeItIsDurable {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Twist for AcksBeforeItIsDurable {
    fn publish(&self, _sound: &Broker, records: Vec<NewRecord>) -> Acks {
        let mut held = self.held();
        let mut acks = Vec::with_capacity(records.len());
        for record in &records {
            let partition = record.partition.unwrap_or_default();
            let place = TopicPartition::new(record.topic.clone(), partition);
            let next = held.next.entry(place).or_default();
            acks.push(Ok(Placed { partition, offset: *next }));
            *next = next.next();
        }
        held.records.extend(records);
        Box::pin(async { acks })
    }

    fn before_reading<'a>(&'a self, sound: &'a Broker) -> BoxFuture<'a, ()> {
        let records = std::mem::take(&mut self.held().records);
        Box::pin(async {
            sound.publish(records).await;
        })
    }
}

/// Refuses a whole batch for one record that it does not take.
#[derive(Debug)]
pub(super) struct AnswersForTheBatch;

impl Twist for AnswersForTheBatch {
    fn publish(&self, sound: &Broker, records: Vec<NewRecord>) -> Acks {
        let written = sound.publish(records);
        Box::pin(async {
            let acks = written.await;
            match acks.iter().find(|ack| ack.is_err()) {
                Some(refused) => vec![refused.clone(); acks.len()],
                None => acks,
            }
        })
    }
}

/// Takes records in when the acknowledgement is awaited, and not before.
#[derive(Debug)]
pub(super) struct WritesWhenAwaited;

impl Twist for WritesWhenAwaited {
    fn publish(&self, sound: &Broker, records: Vec<NewRecord>) -> Acks {
        let sound = sound.clone();
        Box::pin(async move { sound.publish(records).await })
    }
}

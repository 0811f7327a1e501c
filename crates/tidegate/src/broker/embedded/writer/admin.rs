//! What has a transaction of its own: new topics, deleted records.

use redb::{ReadableTable, WriteTransaction};

use super::Worker;
use crate::broker::embedded::batch;
use crate::broker::embedded::log::{Bounds, PartitionLog, Topic};
use crate::broker::embedded::queue::Job;
use crate::broker::embedded::store::clean::Clean;
use crate::broker::embedded::store::tables::{BATCHES, BOUNDS, CLEAN, KEEPING, TIMES, TOPICS};
use crate::broker::embedded::store::{StoreError, WriteError};
use crate::broker::{AdminError, BrokerError, Keeping, NewTopic};
use crate::message::Offset;

impl Worker {
    pub(super) fn administer(&self, job: Job) {
        let weight = job.weight();
        // Who asked may have gone; what was asked for is done all the same.
        match job {
            Job::Create { topic, reply } => {
                let created = self.create(topic);
                self.queue.done(weight);
                let _ = reply.send(created);
            }
            Job::Delete { partition, before, reply } => {
                let deleted = self.delete(&partition, before);
                self.queue.done(weight);
                let _ = reply.send(deleted);
            }
            #[cfg(any(test, feature = "testing"))]
            Job::Skip { partition, offsets, reply } => {
                let skipped = self.skip(&partition, offsets);
                self.queue.done(weight);
                let _ = reply.send(skipped);
            }
            Job::Flush { reply } => {
                self.probe();
                self.queue.done(weight);
                let _ = reply.send(());
            }
            other => unreachable!("an append: {other:?}"),
        }
    }

    fn create(&self, new: NewTopic) -> Result<(), AdminError> {
        if self.log.topic(&new.name).is_ok() {
            return Err(AdminError::TopicExists(new.name));
        }
        let limit = new.max_message_bytes.unwrap_or(self.max_message_bytes);
        let keeping = Keeping::of(&new);
        let id = self.write(|txn| store_topic(txn, &new, limit, keeping)).map_err(unavailable)?;
        let bounds = vec![Bounds::EMPTY; new.partitions as usize];
        self.log.add(Topic::new(id, new.name, limit, keeping, bounds));
        Ok(())
    }

    fn delete(&self, partition: &PartitionLog, before: Offset) -> Result<Offset, AdminError> {
        let mut bounds = partition.bounds();
        if before.0 > bounds.end {
            return Err(AdminError::Broker(BrokerError::OutOfRange {
                partition: partition.place.clone(),
                offset: before,
                start: Offset(bounds.start),
                end: Offset(bounds.end),
            }));
        }
        if before.0 > bounds.start {
            bounds.start = before.0;
            self.write(|txn| delete_before(txn, partition, bounds)).map_err(unavailable)?;
            partition.moved(bounds);
        }
        Ok(Offset(bounds.start))
    }

    #[cfg(any(test, feature = "testing"))]
    fn skip(&self, partition: &PartitionLog, offsets: u64) -> Result<(), AdminError> {
        let mut bounds = partition.bounds();
        bounds.end += offsets;
        self.write(|txn| store_bounds(txn, partition, bounds)).map_err(unavailable)?;
        partition.moved(bounds);
        Ok(())
    }
}

fn unavailable(error: WriteError) -> AdminError {
    AdminError::Broker(BrokerError::Unavailable(error.to_string()))
}

/// Stores the topic and its partitions' bounds; answers with its id.
fn store_topic(
    transaction: &WriteTransaction,
    new: &NewTopic,
    limit: usize,
    keeping: Keeping,
) -> Result<u32, StoreError> {
    let mut topics = transaction.open_table(TOPICS)?;
    let mut id = 0;
    for entry in topics.iter()? {
        id = id.max(entry?.1.value().0 + 1);
    }
    topics.insert(new.name.as_str(), (id, new.partitions, limit as u64))?;
    let row = (keeping.compacts(), keeping.retention.to_millis());
    transaction.open_table(KEEPING)?.insert(id, row)?;
    let mut bounds = transaction.open_table(BOUNDS)?;
    for partition in 0..new.partitions {
        bounds.insert((id, partition), (0, 0))?;
    }
    Ok(id)
}

fn store_bounds(
    transaction: &WriteTransaction,
    partition: &PartitionLog,
    bounds: Bounds,
) -> Result<(), StoreError> {
    let mut table = transaction.open_table(BOUNDS)?;
    table.insert(partition.key, (bounds.start, bounds.end))?;
    Ok(())
}

/// Removes the batches that lie wholly before the new start; one that straddles it stays, and
/// readers pass over its first records.
pub(super) fn delete_before(
    transaction: &WriteTransaction,
    partition: &PartitionLog,
    bounds: Bounds,
) -> Result<(), StoreError> {
    let (topic, number) = partition.key;
    let range = || (topic, number, 0)..(topic, number, bounds.start);
    let mut batches = transaction.open_table(BATCHES)?;
    let mut times = transaction.open_table(TIMES)?;
    let straddles = |base: u64, value: &[u8]| base + batch::span(value) > bounds.start;
    let last = batches.range(range())?.next_back().transpose()?;
    let kept = last.map(|(key, value)| (key.value().2, straddles(key.value().2, value.value())));
    let end = match kept {
        Some((base, true)) => base,
        _ => bounds.start,
    };
    let mut clean = transaction.open_table(CLEAN)?;
    let mut left = Clean::load(&clean, partition.key)?;
    batches.retain_in((topic, number, 0)..(topic, number, end), |key, value| {
        left.lost(key.2, value.len());
        false
    })?;
    times.retain_in((topic, number, 0)..(topic, number, end), |_, _| false)?;
    if partition.keeping.compacts() {
        left.save(&mut clean, partition.key)?;
    }
    drop((batches, times, clean));
    store_bounds(transaction, partition, bounds)
}

//! Publishes and commits of one transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use redb::WriteTransaction;

use super::Worker;
use crate::broker::embedded::batch;
use crate::broker::embedded::log::{Bounds, PartitionLog};
use crate::broker::embedded::queue::{Accepted, Job, Weight};
use crate::broker::embedded::store::clean::Clean;
use crate::broker::embedded::store::tables::{BATCHES, BOUNDS, CLEAN, COMMITS, Place, TIMES};
use crate::broker::embedded::store::{StoreError, WriteError};
use crate::broker::{Committed, Placed, PublishError};
use crate::message::{Offset, Record};

type PublishReply = tokio::sync::oneshot::Sender<Result<Vec<Placed>, PublishError>>;
type CommitReply = tokio::sync::oneshot::Sender<Result<(), String>>;

/// What one transaction writes, and whom to tell.
#[derive(Default)]
struct Plan {
    partitions: BTreeMap<Place, Appended>,
    /// The newest value for each group and partition wins.
    commits: BTreeMap<(String, Place), Committed>,
    publishers: Vec<(Vec<Placed>, PublishReply)>,
    committers: Vec<CommitReply>,
}

/// What a partition gets.
struct Appended {
    log: Arc<PartitionLog>,
    /// As they will be.
    bounds: Bounds,
    records: Vec<Record>,
}

impl Plan {
    fn of(jobs: Vec<Job>) -> Self {
        let mut plan = Self::default();
        for job in jobs {
            match job {
                Job::Publish { records, reply } => {
                    let placed = records.into_iter().map(|r| plan.place(r)).collect();
                    plan.publishers.push((placed, reply));
                }
                Job::Commit { group, entries, reply } => {
                    let keyed = entries.into_iter().map(|(p, c)| ((group.clone(), p), c));
                    plan.commits.extend(keyed);
                    plan.committers.push(reply);
                }
                other => unreachable!("not an append: {other:?}"),
            }
        }
        plan
    }

    /// Gives the record its offset.
    fn place(&mut self, accepted: Accepted) -> Placed {
        let Accepted { partition: log, record, timestamp } = accepted;
        let appended = self.partitions.entry(log.key).or_insert_with(|| {
            let bounds = log.bounds();
            Appended { log, bounds, records: Vec::new() }
        });
        let offset = Offset(appended.bounds.end);
        let partition = appended.log.place.partition;
        appended.bounds.end += 1;
        appended.records.push(Record {
            topic: record.topic,
            partition,
            offset,
            timestamp,
            key: record.key,
            value: record.value,
            headers: record.headers,
        });
        Placed { partition, offset }
    }

    fn write(&mut self, transaction: &WriteTransaction) -> Result<(), StoreError> {
        self.partitions.values_mut().try_for_each(|appended| appended.write(transaction))?;
        let mut commits = transaction.open_table(COMMITS)?;
        for ((group, place), committed) in &self.commits {
            let value = (committed.offset.0, committed.metadata.as_str());
            commits.insert((group.as_str(), place.0, place.1), value)?;
        }
        Ok(())
    }

    fn acknowledge(self, share: usize) {
        for appended in self.partitions.into_values() {
            appended.log.appended(appended.bounds, appended.records, share);
        }
        for (placed, reply) in self.publishers {
            let _ = reply.send(Ok(placed));
        }
        for reply in self.committers {
            let _ = reply.send(Ok(()));
        }
    }

    /// Whether the records may be in the file although the write failed. The file itself says so
    /// after it was opened again; `reopened`: it was.
    fn may_be_written(&self, error: &WriteError, reopened: bool) -> bool {
        let present = |a: &Appended| a.log.bounds().end >= a.bounds.end;
        let any_there = || self.partitions.values().any(present);
        matches!(error, WriteError::Unknown(_)) && (!reopened || any_there())
    }

    fn refuse(self, error: &WriteError, reopened: bool) {
        let unknown = self.may_be_written(error, reopened);
        let reason = error.to_string();
        for (_, reply) in self.publishers {
            let _ = reply.send(Err(match unknown {
                true => PublishError::Unknown(reason.clone()),
                false => PublishError::Unavailable(reason.clone()),
            }));
        }
        for reply in self.committers {
            let _ = reply.send(Err(reason.clone()));
        }
    }
}

impl Appended {
    fn write(&mut self, transaction: &WriteTransaction) -> Result<(), StoreError> {
        let (topic, partition) = self.log.key;
        let mut batches = transaction.open_table(BATCHES)?;
        let mut times = transaction.open_table(TIMES)?;
        let mut bytes = 0;
        for records in batch::runs(&self.records) {
            let key = (topic, partition, records[0].offset.0);
            let newest = records.iter().map(|r| r.timestamp.0).max().unwrap_or(i64::MIN);
            self.bounds.newest = self.bounds.newest.max(newest);
            let value = batch::encode(records);
            bytes += value.len() as u64;
            batches.insert(key, value.as_slice())?;
            times.insert(key, (newest, self.bounds.newest))?;
        }
        let mut bounds = transaction.open_table(BOUNDS)?;
        bounds.insert(self.log.key, (self.bounds.start, self.bounds.end))?;
        if self.log.keeping.compacts() {
            let mut table = transaction.open_table(CLEAN)?;
            let clean = Clean::load(&table, self.log.key)?;
            Clean { dirty: clean.dirty + bytes, ..clean }.save(&mut table, self.log.key)?;
        }
        Ok(())
    }
}

impl Worker {
    /// Makes publishes and commits durable together, and answers.
    pub(super) fn append(&self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        let weight = jobs.iter().map(Job::weight).fold(Weight::default(), Weight::and);
        let mut plan = Plan::of(jobs);
        let written = self.write(|transaction| plan.write(transaction));
        self.queue.done(weight);
        match written {
            Ok(()) => plan.acknowledge(self.log.tail_share()),
            Err(error) => plan.refuse(&error, !self.store.has_failed()),
        }
    }
}

//! A group member that keeps book, and fails the case at the first event that breaks the contract.
//!
//! Whatever a case is about, these hold throughout: records come only of partitions that are owned, started and
//! not paused, in offset order, none twice; nothing is assigned twice, revoked or lost that is not owned.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::check::{Failed, Outcome, ensure, ensure_eq};
use super::lab::values;
use crate::broker::{
    Assignment, CommitEntry, CommitError, Committed, Consumer, GroupEvent, RevokeTicket, Watermarks,
};
use crate::message::{Offset, Record, TopicPartition};

/// A revoke that waits for its answer.
pub(super) struct Revoke {
    pub(super) partitions: Vec<TopicPartition>,
    pub(super) ticket: RevokeTicket,
    pub(super) within: Duration,
}

/// What a partition delivers now.
#[derive(Debug, Default)]
struct Delivery {
    /// Where delivery must go on; `None` before the first start, and after an `OutOfRange`.
    position: Option<Offset>,
    paused: bool,
}

pub(super) struct Member {
    pub(super) consumer: Box<dyn Consumer>,
    pub(super) patience: Duration,
    /// Start what is assigned at its commit, or at the log's start. `true` unless a case starts by itself.
    pub(super) auto_start: bool,
    /// Give back what is revoked at once. `true` unless a case answers by itself.
    pub(super) auto_answer: bool,
    /// What is owned, as it was assigned.
    pub(super) owned: BTreeMap<TopicPartition, Assignment>,
    pub(super) lost: BTreeSet<TopicPartition>,
    pub(super) revoke: Option<Revoke>,
    /// Everything that was delivered, by partition.
    pub(super) got: BTreeMap<TopicPartition, Vec<Record>>,
    /// How many records each `Records` event brought, with their bytes.
    pub(super) batches: Vec<(usize, usize)>,
    pub(super) out_of_range: Vec<(TopicPartition, Offset, Watermarks)>,
    delivery: BTreeMap<TopicPartition, Delivery>,
}

impl Member {
    pub(super) fn new(consumer: Box<dyn Consumer>, patience: Duration) -> Self {
        Self {
            consumer,
            patience,
            auto_start: true,
            auto_answer: true,
            owned: BTreeMap::new(),
            lost: BTreeSet::new(),
            revoke: None,
            got: BTreeMap::new(),
            batches: Vec::new(),
            out_of_range: Vec::new(),
            delivery: BTreeMap::new(),
        }
    }

    /// Starts nothing by itself.
    pub(super) fn started_by_hand(mut self) -> Self {
        self.auto_start = false;
        self
    }

    /// Answers no revoke by itself.
    pub(super) fn answering_by_hand(mut self) -> Self {
        self.auto_answer = false;
        self
    }

    pub(super) fn owns(&self, partition: &TopicPartition) -> bool {
        self.owned.contains_key(partition)
    }

    /// The values that came of a partition, as text.
    pub(super) fn values(&self, partition: &TopicPartition) -> Vec<String> {
        self.got.get(partition).map(|records| values(records)).unwrap_or_default()
    }

    /// How far the member is, for the report of a failure.
    pub(super) fn stand(&self) -> String {
        let owned: Vec<_> = self.owned.keys().map(|p| p.partition.0).collect();
        let offsets = |records: &[Record]| records.iter().map(|r| r.offset.0).collect::<Vec<_>>();
        let last = |records: &[Record]| records[records.len().saturating_sub(20)..].to_vec();
        let came: Vec<_> = self
            .got
            .iter()
            .map(|(p, r)| {
                format!("{} of {}, at last {:?}", r.len(), p.partition.0, offsets(&last(r)))
            })
            .collect();
        format!("a member owns {owned:?}, and got {came:?}")
    }

    pub(super) fn count(&self, partition: &TopicPartition) -> usize {
        self.got.get(partition).map_or(0, Vec::len)
    }

    /// Commits what has come of these partitions, and gives the records that were kept of them.
    pub(super) async fn settle(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Outcome<Vec<(TopicPartition, Vec<Record>)>> {
        let position = |p: &TopicPartition| self.delivery.get(p).and_then(|d| d.position);
        let done = |p: &TopicPartition| Some(entry(p, position(p)?.0, ""));
        let entries = partitions.iter().filter_map(done).collect();
        for answer in self.commit_all(entries).await? {
            answer?;
        }
        let kept = |p: &TopicPartition| (p.clone(), self.got.remove(p).unwrap_or_default());
        Ok(partitions.iter().map(kept).collect())
    }

    pub(super) fn start(&mut self, partition: &TopicPartition, from: u64) {
        self.consumer.start(partition, Offset(from));
        let delivery = Delivery { position: Some(Offset(from)), paused: false };
        self.delivery.insert(partition.clone(), delivery);
    }

    pub(super) fn pause(&mut self, partition: &TopicPartition) {
        self.consumer.pause(std::slice::from_ref(partition));
        self.delivery.entry(partition.clone()).or_default().paused = true;
    }

    pub(super) fn resume(&mut self, partition: &TopicPartition) {
        self.consumer.resume(std::slice::from_ref(partition));
        self.delivery.entry(partition.clone()).or_default().paused = false;
    }

    /// Answers the open revoke; gives its ticket back for cases that answer twice.
    pub(super) fn answer(&mut self) -> Outcome<RevokeTicket> {
        let revoke = self.revoke.take().ok_or_else(|| Failed::new("no revoke is open"))?;
        self.forget(&revoke.partitions);
        self.consumer.revoked(revoke.ticket);
        Ok(revoke.ticket)
    }

    /// Commits one partition; answers what the broker answers.
    pub(super) async fn commit(
        &mut self,
        partition: &TopicPartition,
        offset: u64,
        metadata: &str,
    ) -> Outcome<Result<(), CommitError>> {
        let results = self.commit_all(vec![entry(partition, offset, metadata)]).await?;
        results.into_iter().next().ok_or_else(|| Failed::new("a commit gave no result"))
    }

    pub(super) async fn commit_all(
        &mut self,
        entries: Vec<CommitEntry>,
    ) -> Outcome<Vec<Result<(), CommitError>>> {
        let expected = entries.len();
        let results = tokio::time::timeout(self.patience, self.consumer.commit(entries))
            .await
            .map_err(|_| Failed::new("a commit was not answered"))?;
        ensure_eq!(results.len(), expected, "results of a commit");
        Ok(results)
    }

    pub(super) async fn close(mut self) -> Outcome {
        tokio::time::timeout(self.patience, self.consumer.close())
            .await
            .map_err(|_| Failed::new("leaving the group did not end"))
    }

    /// Books one event, or says what is wrong with it.
    pub(super) fn take(&mut self, event: GroupEvent) -> Outcome {
        match event {
            GroupEvent::Assigned(assignments) => self.assigned(assignments),
            GroupEvent::Records { partition, records } => self.records(&partition, records),
            GroupEvent::Revoking { partitions, within, ticket } => {
                self.revoking(Revoke { partitions, ticket, within })
            }
            GroupEvent::Lost(partitions) => self.take_lost(partitions),
            GroupEvent::OutOfRange { partition, position, watermarks } => {
                self.delivery.entry(partition.clone()).or_default().position = None;
                self.out_of_range.push((partition, position, watermarks));
                Ok(())
            }
            GroupEvent::Silent { partition, position, end } => Err(Failed::new(format!(
                "nothing came of {partition} from {position} on, though its log goes on to {end}"
            ))),
            GroupEvent::CorruptBatch { partition, position, reason } => {
                Err(Failed::new(format!("{partition} cannot be read from {position} on: {reason}")))
            }
            // The loss itself is told, too.
            GroupEvent::PollExceeded
            | GroupEvent::SilenceOver { .. }
            | GroupEvent::CorruptBatchOver { .. } => Ok(()),
            GroupEvent::TopicGone(topic) | GroupEvent::TopicBack { topic, .. } => {
                Err(Failed::new(format!("topic {topic} was there all the time")))
            }
            GroupEvent::Fatal(error) => Err(error.into()),
        }
    }

    fn assigned(&mut self, assignments: Vec<Assignment>) -> Outcome {
        for assignment in assignments {
            let partition = assignment.partition.clone();
            ensure!(!self.owns(&partition), "{partition} was assigned to its owner again");
            self.lost.remove(&partition);
            let begin = assignment.watermarks.start;
            let from = assignment.committed.as_ref().map_or(begin, |c| c.offset);
            self.owned.insert(partition.clone(), assignment);
            if self.auto_start {
                self.start(&partition, from.0);
            }
        }
        Ok(())
    }

    fn records(&mut self, partition: &TopicPartition, records: Vec<Record>) -> Outcome {
        ensure!(self.owns(partition), "records came of {partition}, which is not owned");
        let revoking = self.revoke.as_ref().is_some_and(|r| r.partitions.contains(partition));
        ensure!(!revoking, "records came of {partition}, which is being revoked");
        ensure!(!records.is_empty(), "an empty Records event came of {partition}");
        let delivery = self.delivery.entry(partition.clone()).or_default();
        ensure!(!delivery.paused, "records came of {partition}, which is paused");
        for record in &records {
            let at = record.offset;
            let Some(position) = delivery.position else {
                return Err(Failed::new(format!("{partition} delivered {at} without a start")));
            };
            ensure!(at >= position, "{partition} delivered {at} again, or before its start");
            ensure_eq!(record.topic_partition(), *partition, "the place of a record");
            delivery.position = Some(at.next());
        }
        self.batches.push((records.len(), records.iter().map(Record::size).sum()));
        self.got.entry(partition.clone()).or_default().extend(records);
        Ok(())
    }

    fn revoking(&mut self, revoke: Revoke) -> Outcome {
        ensure!(self.revoke.is_none(), "a second revoke began before the first had ended");
        for partition in &revoke.partitions {
            ensure!(self.owns(partition), "{partition} was revoked from a member without it");
        }
        self.revoke = Some(revoke);
        if self.auto_answer {
            self.answer()?;
        }
        Ok(())
    }

    fn take_lost(&mut self, partitions: Vec<TopicPartition>) -> Outcome {
        for partition in &partitions {
            ensure!(self.owns(partition), "{partition} was lost by a member without it");
        }
        self.forget(&partitions);
        if self.revoke.as_ref().is_some_and(|r| r.partitions.iter().all(|p| !self.owns(p))) {
            self.revoke = None;
        }
        self.lost.extend(partitions);
        Ok(())
    }

    fn forget(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.owned.remove(partition);
            self.delivery.remove(partition);
        }
    }
}

pub(super) fn entry(partition: &TopicPartition, offset: u64, metadata: &str) -> CommitEntry {
    let committed = Committed { offset: Offset(offset), metadata: metadata.into() };
    CommitEntry { partition: partition.clone(), committed }
}

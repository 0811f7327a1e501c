//! What a world does to the log while processes work with it.

use std::ops::Range;
use std::time::Duration;

use tokio::time::Instant;

use super::faults::{Call, Process, Refusal};
use super::outage::Outage;
use super::{Shift, SimLog};
use crate::broker::sync::lock;
use crate::broker::{Committed, Watermarks};
use crate::message::{Offset, Record, TopicName, TopicPartition};

/// Groups.
impl SimLog {
    /// From its next rebalance on, the group takes everything back before it gives anything out.
    pub fn set_eager(&self, group: &str, eager: bool) {
        self.0.coordinator.set_eager(group, eager);
    }

    /// A rebalance without a cause of its own: as the group does it (all is taken back first, or only what moves), and to
    /// this extent. Members that get and lose nothing hear of it by an empty `Assigned`.
    pub fn rebalance(&self, group: &str, shift: Shift) {
        self.0.arrive();
        self.0.coordinator.shift(group, shift);
    }

    /// The group puts the process's members out, as if their sessions had run out. What they own is lost; they join again
    /// by polling on.
    pub fn put_out(&self, process: Process) {
        self.0.arrive();
        for member in self.0.memberships(process) {
            self.0.coordinator.put_out(&member.group, member.id);
        }
    }

    /// The coordinator of all groups goes, and another one takes its place after so long. Until then commits are refused,
    /// and nobody joins, leaves or is told anything; memberships survive, and their times begin anew.
    pub fn move_coordinator(&self, lasts: Duration, why: Refusal) {
        self.0.arrive();
        let now = Instant::now();
        lock(&self.0.outages).coordinator_goes(lasts, why, now);
        self.0.coordinator.away(now + lasts);
        self.0.wake_all();
    }
}

/// Processes.
impl SimLog {
    /// The process is killed. It is never answered again, and its sessions run out. A later [`broker`](Self::broker) of the
    /// same number is a new life.
    pub fn kill(&self, process: Process) {
        self.0.die(&self.0.life(process));
    }

    /// The group is heard of no more from this process: crashed, or stopped. Its members are put out when their session
    /// has run out. (Who does not poll it stops it.)
    pub fn silence(&self, process: Process) {
        self.0.silence(process);
    }

    /// A stopped process goes on. What the group has decided meanwhile stays; its members hear of it after a round trip, and
    /// read on until then, as nothing fences a read.
    pub fn resume(&self, process: Process) {
        self.0.arrive();
        lock(&self.0.outages).process_goes_on(process, Instant::now());
        for member in self.0.memberships(process) {
            self.0.coordinator.heard(&member.group, member.id);
        }
    }
}

/// The broker and its partitions.
impl SimLog {
    /// The broker goes, and comes back.
    pub fn restart_broker(&self, outage: Outage) {
        self.0.arrive();
        let back = lock(&self.0.outages).broker_goes(outage, Instant::now());
        lock(&self.0.on_the_way).held_up(back, !outage.on_the_way_arrives);
        self.0.coordinator.away(back);
        self.0.wake_all();
    }

    /// The partition's leader goes, and another one takes its place after so long; reads and writes wait until then.
    pub fn move_leader(&self, partition: &TopicPartition, lasts: Duration) {
        self.0.arrive();
        lock(&self.0.outages).leader_goes(partition.clone(), lasts, Instant::now());
        self.0.wake_all();
    }

    /// The topic gets so many more partitions. Records go there at once, by the new count. Members hear of them after so long,
    /// as clients ask now and then what a topic has (by default every 5 min); who joins meanwhile knows.
    pub fn grow(&self, topic: &TopicName, by: u32, heard_after: Duration) {
        self.0.arrive();
        let added = self.0.state().grow(topic, by);
        let heard = move |inner: &super::Inner| inner.coordinator.grown(&added);
        drop(self.0.later(Call::Topics, Instant::now() + heard_after, heard));
    }

    /// Leaves offsets without a record behind a partition's present end, as the markers of a transaction do.
    pub fn skip_offsets(&self, partition: &TopicPartition, offsets: u64) {
        self.0.arrive();
        let mut state = self.0.state();
        if let Ok(part) = state.partition_mut(partition) {
            part.end = Offset(part.end.0 + offsets);
            part.wake();
        }
    }

    /// Leaves out records that are there, as compaction does. Bounds stay as they are.
    pub fn compact(&self, partition: &TopicPartition, keep: impl FnMut(&Record) -> bool) {
        self.0.arrive();
        if let Ok(part) = self.0.state().partition_mut(partition) {
            part.records.retain(keep);
        }
    }

    /// Damages a batch: these records cannot be read until it is [mended](Self::mend). Who comes to them reads no further, and is told.
    pub fn corrupt(&self, partition: &TopicPartition, batch: Range<Offset>) {
        self.set_corrupt(partition, Some(batch));
    }

    /// As it was before it was damaged.
    pub fn mend(&self, partition: &TopicPartition) {
        self.set_corrupt(partition, None);
    }

    fn set_corrupt(&self, partition: &TopicPartition, batch: Option<Range<Offset>>) {
        self.0.arrive();
        if let Ok(part) = self.0.state().partition_mut(partition) {
            part.corrupt = batch;
            part.wake();
        }
    }

    /// Deletes what lies below, as retention does: the log begins there. Nothing happens where it begins later already, or
    /// would begin behind its end.
    pub fn delete(&self, partition: &TopicPartition, below: Offset) {
        self.0.arrive();
        drop(self.0.state().delete(partition, below));
    }

    /// Where the partition begins and ends; `None` when there is none.
    #[must_use]
    pub fn bounds(&self, partition: &TopicPartition) -> Option<Watermarks> {
        self.0.arrive();
        self.0.state().partition(partition).ok().map(super::part::Part::bounds)
    }

    /// Commits for a group as its operator does, without metadata. (Kafka's tools do that only while it has no members.)
    pub fn reset(&self, group: &str, partition: &TopicPartition, to: Offset) {
        self.0.arrive();
        let committed = Committed { offset: to, metadata: String::new() };
        let mut state = self.0.state();
        state.commits.entry(group.to_owned()).or_default().insert(partition.clone(), committed);
    }

    /// Whether a member of the group was told that the partition is its own.
    pub(crate) fn is_owned(&self, group: &str, partition: &TopicPartition) -> bool {
        self.0.arrive();
        self.0.coordinator.is_owned(group, partition)
    }

    /// All records of a partition.
    #[must_use]
    pub fn records(&self, partition: &TopicPartition) -> Vec<Record> {
        self.0.arrive();
        self.0.state().partition(partition).map(|part| part.records.clone()).unwrap_or_default()
    }

    /// What a group has committed.
    #[must_use]
    pub fn committed(&self, group: &str, partition: &TopicPartition) -> Option<Committed> {
        self.0.arrive();
        self.0.state().commits.get(group)?.get(partition).cloned()
    }
}

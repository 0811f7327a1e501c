//! Commits: one in flight, the newest value, never a lower one (rules 1, 2, I10).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::broker::{CommitEntry, CommitError, Committed, Subscription};
use crate::consumer::core::cx::Cx;
use crate::consumer::core::metadata::{CommitMetadata, RetryState};
use crate::consumer::core::partition::{Partition, Phase};
use crate::consumer::core::{Command, LocalEpoch};
use crate::events::RuntimeEvent;
use crate::message::{Offset, TopicPartition};

/// An entry of the metadata in bytes, with room to spare: intake under `Order::None` slows before they do not fit (rule 8).
const ENTRY: usize = 64;
/// The metadata without entries, topic and cluster id left aside.
const HEADER: usize = 128;

/// How far the commits of one ownership are.
#[derive(Debug)]
pub(super) struct Progress {
    accepted: Option<(Offset, u64)>,
    /// Raised when the metadata is to say something else.
    version: u64,
    urgent: bool,
    failures: u32,
    not_before: Duration,
    limit: usize,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            accepted: None,
            version: 0,
            urgent: false,
            failures: 0,
            not_before: Duration::ZERO,
            limit: Subscription::MAX_METADATA,
        }
    }
}

impl Progress {
    /// A new epoch: a commit must be accepted anew.
    pub(super) fn renew(&mut self) {
        self.accepted = None;
        self.failures = 0;
        self.not_before = Duration::ZERO;
    }

    /// The retry state has changed. `urgent`: it must not be lost (rule 20).
    pub(super) fn metadata_changed(&mut self, urgent: bool) {
        self.version += 1;
        self.urgent |= urgent;
    }
}

/// What is in flight for one partition.
#[derive(Debug)]
struct Sent {
    epoch: LocalEpoch,
    offset: Offset,
    version: u64,
    metadata: usize,
}

/// The member's commits.
#[derive(Debug, Default)]
pub(super) struct Committer {
    in_flight: BTreeMap<TopicPartition, Sent>,
    next: Duration,
}

impl Committer {
    pub(super) fn carries(&self, partition: &Partition) -> bool {
        self.in_flight.get(&partition.id).is_some_and(|sent| sent.epoch == partition.epoch)
    }

    /// Sends what has changed, if nothing is in flight and its time has come.
    pub(super) fn send(
        &mut self,
        partitions: &BTreeMap<TopicPartition, Partition>,
        cx: &mut Cx<'_>,
    ) {
        let now = cx.now.elapsed;
        if self.deadline(partitions).is_none_or(|due| due > now) {
            return;
        }
        let ready = |p: &&Partition| p.dirty() && p.progress.not_before <= now;
        let mut entries = Vec::new();
        for partition in partitions.values().filter(ready) {
            let entry = partition.commit_entry(cx);
            let sent = partition.sent(entry.committed.metadata.len());
            self.in_flight.insert(partition.id.clone(), sent);
            entries.push(entry);
        }
        self.next = cx.after(cx.config.commit_interval);
        cx.push(Command::Commit(entries));
    }

    /// When the next commit is due; `None` while one is in flight.
    pub(super) fn deadline(
        &self,
        partitions: &BTreeMap<TopicPartition, Partition>,
    ) -> Option<Duration> {
        if !self.in_flight.is_empty() {
            return None;
        }
        let due = |p: &Partition| {
            let interval = if p.commit_urgent() { Duration::ZERO } else { self.next };
            p.progress.not_before.max(interval)
        };
        partitions.values().filter(|p| p.dirty()).map(due).min()
    }

    /// Takes the answer. What was sent for an earlier ownership changes nothing (rules 10, 13).
    pub(super) fn answered(
        &mut self,
        answers: Vec<(CommitEntry, Result<(), CommitError>)>,
        partitions: &mut BTreeMap<TopicPartition, Partition>,
        cx: &mut Cx<'_>,
    ) {
        let mut sent = std::mem::take(&mut self.in_flight);
        for (entry, result) in answers {
            let Some(sent) = sent.remove(&entry.partition) else { continue };
            let current = partitions.get_mut(&entry.partition).filter(|p| p.epoch == sent.epoch);
            match (current, result) {
                (Some(partition), Ok(())) => partition.commit_accepted(&sent, cx),
                (Some(partition), Err(error)) => partition.commit_refused(&sent, error, cx),
                (None, _) => {}
            }
        }
    }
}

impl Partition {
    /// Whether there is something to commit.
    pub(super) fn dirty(&self) -> bool {
        let committing = match self.phase {
            Phase::Proving => !self.draining,
            Phase::Running | Phase::Cut => true,
            Phase::Owning { .. } | Phase::Halted => false,
        };
        committing
            && self.progress.accepted != Some((self.tracker.watermark(), self.progress.version))
    }

    fn commit_urgent(&self) -> bool {
        self.draining || self.progress.urgent || !self.running()
    }

    fn sent(&self, metadata: usize) -> Sent {
        let (offset, version) = (self.tracker.watermark(), self.progress.version);
        Sent { epoch: self.epoch, offset, version, metadata }
    }

    fn commit_entry(&self, cx: &Cx<'_>) -> CommitEntry {
        let base = self.tracker.watermark();
        let retries = self.retries();
        let metadata = CommitMetadata {
            cluster_id: cx.config.cluster_id.clone(),
            partition: self.id.clone(),
            base,
            log_start: self.log_start,
            retries,
        };
        let metadata = metadata.encode_within(self.progress.limit);
        CommitEntry { partition: self.id.clone(), committed: Committed { offset: base, metadata } }
    }

    /// All blocking retries, of this ownership and of an earlier one, in offset order.
    pub(super) fn retries(&self) -> Vec<RetryState> {
        let waiting = self.restored.values().map(|(state, _)| *state);
        let mut retries: Vec<_> = waiting.chain(self.tracker.retries()).collect();
        retries.sort_by_key(|retry| retry.offset);
        retries
    }

    /// Whether one more record may fail and still find a place in the metadata.
    pub(super) fn metadata_has_room(&self) -> bool {
        let used = self.restored.len() + self.tracker.retrying() + self.tracker.busy_unordered();
        let header = HEADER + self.id.topic.as_str().len();
        used == 0 || header + (used + 1) * ENTRY <= self.progress.limit
    }

    fn commit_accepted(&mut self, sent: &Sent, cx: &mut Cx<'_>) {
        self.progress.accepted = Some((sent.offset, sent.version));
        self.progress.failures = 0;
        self.progress.urgent &= self.progress.version != sent.version;
        if matches!(self.phase, Phase::Proving) {
            self.go(cx);
        }
    }

    fn commit_refused(&mut self, sent: &Sent, error: CommitError, cx: &mut Cx<'_>) {
        cx.tell(RuntimeEvent::CommitFailed { partition: self.id.clone(), error: error.clone() });
        match error {
            // Once more without what does not fit (rule 8); the offset matters most.
            CommitError::MetadataTooLarge { limit, .. } if sent.metadata > 0 => {
                self.progress.limit = limit.min(sent.metadata - 1);
                self.progress.urgent = true;
            }
            CommitError::NotOwned(_) | CommitError::Closed
                if !matches!(self.phase, Phase::Proving) =>
            {
                self.halt(cx);
            }
            _ => self.commit_later(cx),
        }
    }

    fn commit_later(&mut self, cx: &mut Cx<'_>) {
        self.progress.failures = self.progress.failures.saturating_add(1);
        let delay = cx.config.commit_backoff.delay(self.progress.failures, cx.draw());
        self.progress.not_before = cx.after(delay);
    }
}

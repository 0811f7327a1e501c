//! Commits: one in flight, the newest value, never a lower one (rules 1, 2, I10).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::broker::{CommitEntry, CommitError, Subscription};
use crate::consumer::core::cx::Cx;
use crate::consumer::core::partition::{Partition, Phase};
use crate::consumer::core::{Command, LocalEpoch};
use crate::events::RuntimeEvent;
use crate::message::{Offset, TopicPartition};
use crate::planted::planted;

/// How far the commits of one ownership are.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) accepted: Option<(Offset, u64)>,
    /// When that was sent.
    pub(super) accepted_at: Option<Duration>,
    /// Raised when the metadata is to say something else.
    version: u64,
    urgent: bool,
    failures: u32,
    not_before: Duration,
    pub(super) limit: usize,
    /// What was refused: only for [`Bug::CommitMovesBack`](crate::planted::Bug::CommitMovesBack).
    #[cfg(feature = "testing")]
    pub(super) refused: Option<Offset>,
    /// Something did not fit into the metadata last time: intake waits until it does (rule 8).
    pub(super) full: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            accepted: None,
            accepted_at: None,
            version: 0,
            urgent: false,
            failures: 0,
            not_before: Duration::ZERO,
            limit: Subscription::MAX_METADATA,
            full: false,
            #[cfg(feature = "testing")]
            refused: None,
        }
    }
}

impl Progress {
    /// A new epoch: a commit must be accepted anew.
    pub(super) fn renew(&mut self) {
        self.accepted = None;
        self.accepted_at = None;
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
    at: Duration,
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
        partitions: &mut BTreeMap<TopicPartition, Partition>,
        cx: &mut Cx<'_>,
    ) {
        let now = cx.now.elapsed;
        if self.deadline(partitions).is_none_or(|due| due > now) {
            return;
        }
        let ready =
            |p: &&mut Partition| (p.dirty() || p.renewal_due(now)) && p.progress.not_before <= now;
        let mut entries = Vec::new();
        for partition in partitions.values_mut().filter(ready) {
            let entry = partition.commit_entry(cx);
            let sent = partition.sent(entry.committed.metadata.len(), now);
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
            let wanted = match (p.dirty(), p.commit_urgent()) {
                (false, _) => p.lease.renewal(),
                (true, false) => self.next,
                (true, true) => Duration::ZERO,
            };
            p.progress.not_before.max(wanted)
        };
        partitions.values().filter(|p| p.commits()).map(due).min()
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
            let current = partitions
                .get_mut(&entry.partition)
                .filter(|p| p.epoch == sent.epoch || planted!(StaleCommitAnswer));
            match (current, result) {
                (Some(partition), Ok(())) => partition.commit_accepted(&sent, cx),
                (Some(partition), Err(error)) => partition.commit_refused(&sent, error, cx),
                (None, _) => {}
            }
        }
    }
}

impl Partition {
    fn commits(&self) -> bool {
        match self.phase {
            Phase::Proving => !self.draining,
            Phase::Running => true,
            Phase::Cut => self.dirty(),
            Phase::Owning { .. } | Phase::Restoring | Phase::Halted => false,
        }
    }

    /// Whether there is something to commit.
    pub(super) fn dirty(&self) -> bool {
        let committing = match self.phase {
            Phase::Proving => !self.draining,
            Phase::Running | Phase::Cut => true,
            Phase::Owning { .. } | Phase::Restoring | Phase::Halted => false,
        };
        committing
            && self.progress.accepted != Some((self.tracker.watermark(), self.progress.version))
    }

    /// Rule 10: an idle partition commits the same again, so that its lease goes on.
    fn renewal_due(&self, now: Duration) -> bool {
        self.running() && self.lease.renewal() <= now
    }

    fn commit_urgent(&self) -> bool {
        self.draining || self.progress.urgent || !self.running()
    }

    fn sent(&self, metadata: usize, at: Duration) -> Sent {
        let (offset, version) = (self.tracker.watermark(), self.progress.version);
        Sent { epoch: self.epoch, offset, version, metadata, at }
    }

    fn commit_accepted(&mut self, sent: &Sent, cx: &mut Cx<'_>) {
        self.progress.accepted = Some((sent.offset, sent.version));
        self.progress.accepted_at = Some(sent.at);
        self.progress.failures = 0;
        self.progress.urgent &= self.progress.version != sent.version;
        if matches!(self.phase, Phase::Proving) {
            self.go(cx);
        }
        self.extend_lease(sent.at, cx);
    }

    fn commit_refused(&mut self, sent: &Sent, error: CommitError, cx: &mut Cx<'_>) {
        #[cfg(feature = "testing")]
        {
            self.progress.refused = Some(sent.offset);
        }
        let partition = self.id.clone();
        self.tell(RuntimeEvent::CommitFailed { partition, error: error.clone() }, cx);
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

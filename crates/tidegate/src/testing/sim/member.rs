//! One member of a group: asks the coordinator what it owns, and reads that.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::driver::SimBroker;
use super::faults::{Call, Injection, Site, answer};
use super::{Inner, lock};
use crate::broker::coordinator::{Grant, MemberId, Notice};
use crate::broker::{
    Assignment, BoxFuture, BrokerError, CommitEntry, CommitError, Consumer, FetchLimit, GroupEvent,
    RevokeTicket, Subscription,
};
use crate::message::{Offset, TopicPartition};

/// Longer times are cut to this, which can be added to any moment.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// A membership, as the log knows it.
#[derive(Debug, Clone)]
pub(super) struct Membership {
    pub(super) group: String,
    pub(super) id: MemberId,
    pub(super) session_timeout: Duration,
    pub(super) max_poll_interval: Duration,
}

/// A membership, as its process has it.
pub(super) struct SimMember {
    broker: SimBroker,
    at: Membership,
    how: Subscription,
    waker: Arc<Notify>,
    /// Woken when the log changes.
    changes: Arc<Notify>,
    owned: BTreeMap<TopicPartition, Reading>,
    /// Whose turn was last.
    last: Option<TopicPartition>,
    /// The rebalance that this member has heard of.
    generation: u64,
    /// Polls answer nothing before.
    stalled: Option<Instant>,
    left: bool,
}

#[derive(Debug, Default)]
struct Reading {
    position: Option<Offset>,
    paused: bool,
}

impl SimMember {
    pub(super) fn join(broker: SimBroker, mut how: Subscription) -> Result<Self, BrokerError> {
        broker.inner.check_open()?;
        how.check()?;
        how.max_poll_interval = how.max_poll_interval.min(FOR_EVER);
        how.drain_deadline = how.drain_deadline.min(FOR_EVER);
        let inner = &broker.inner;
        let wishes = how.topics.iter().map(|topic| inner.state().partitions(topic));
        let wishes: Result<Vec<_>, _> = wishes.collect();
        let wishes = wishes?.into_iter().flatten().collect();
        let waker = Arc::new(Notify::new());
        let id = inner.coordinator.join(&how, wishes, waker.clone());
        let at = Membership {
            group: how.group.clone(),
            id,
            session_timeout: how.session_timeout.min(how.max_poll_interval),
            max_poll_interval: how.max_poll_interval,
        };
        lock(&inner.members).entry(broker.process).or_default().push(at.clone());
        let changes = inner.watch();
        Ok(Self {
            broker,
            at,
            how,
            waker,
            changes,
            owned: BTreeMap::new(),
            last: None,
            generation: 0,
            stalled: None,
            left: false,
        })
    }

    fn inner(&self) -> &Inner {
        &self.broker.inner
    }

    fn injection(&self, call: Call) -> Injection {
        let site = Site { process: self.broker.process, call, partition: None };
        self.inner().injection(&site)
    }

    async fn next(&mut self) -> GroupEvent {
        loop {
            if self.left || self.inner().check_open().is_err() {
                return GroupEvent::Fatal(BrokerError::Closed);
            }
            if self.stalled.is_none() {
                match self.injection(Call::Poll) {
                    Injection::Late(delay) => self.stalled = Some(Instant::now() + delay),
                    Injection::Crash | Injection::CrashAfter => std::future::pending().await,
                    _ => {}
                }
            }
            if let Some(until) = self.stalled {
                tokio::time::sleep_until(until).await;
                self.stalled = None;
            }
            if let Some(event) = self.news() {
                return event;
            }
            self.wait().await;
        }
    }

    /// What there is to be told without waiting: who owns what comes before records.
    fn news(&mut self) -> Option<GroupEvent> {
        let notice = self.inner().coordinator.poll(&self.at.group, self.at.id);
        let event = match notice {
            Some(Notice::Lost(partitions)) => {
                self.forget(&partitions);
                Some(GroupEvent::Lost(partitions))
            }
            Some(Notice::Revoking { partitions, within, ticket }) => {
                self.forget(&partitions);
                Some(GroupEvent::Revoking { partitions, within, ticket })
            }
            Some(Notice::Granted(grants)) => self.assigned(grants),
            None => self.nothing_new(),
        };
        event.or_else(|| self.records())
    }

    /// A rebalance that gave this member nothing: cooperative members are told so.
    fn nothing_new(&mut self) -> Option<GroupEvent> {
        let generation = self.inner().coordinator.generation(&self.at.group);
        let heard = std::mem::replace(&mut self.generation, generation);
        (heard != generation && heard != 0).then(|| GroupEvent::Assigned(Vec::new()))
    }

    fn forget(&mut self, partitions: &[TopicPartition]) {
        self.owned.retain(|partition, _| !partitions.contains(partition));
    }

    fn assigned(&mut self, grants: Vec<Grant>) -> Option<GroupEvent> {
        self.generation = self.inner().coordinator.generation(&self.at.group);
        let kept = self.inner().coordinator.accept(&self.at.group, grants);
        let mut told = Vec::new();
        for partition in kept {
            let state = self.inner().state();
            let commits = state.commits.get(&self.at.group);
            let committed = commits.and_then(|commits| commits.get(&partition)).cloned();
            let watermarks = state.partition(&partition).ok()?.bounds();
            drop(state);
            self.owned.insert(partition.clone(), Reading::default());
            told.push(Assignment { partition, committed, watermarks });
        }
        (!told.is_empty()).then_some(GroupEvent::Assigned(told))
    }

    fn records(&mut self) -> Option<GroupEvent> {
        let limit = FetchLimit {
            records: self.how.max_poll_records,
            bytes: self.how.max_poll_bytes,
            wait: Duration::ZERO,
        };
        for partition in self.turns() {
            let reading = self.owned.get_mut(&partition)?;
            let Some(position) = reading.position.filter(|_| !reading.paused) else { continue };
            let state = self.broker.inner.state();
            let Ok(part) = state.partition(&partition) else { continue };
            let watermarks = part.bounds();
            if position < watermarks.start || position > watermarks.end {
                reading.position = None;
                return Some(GroupEvent::OutOfRange { partition, position, watermarks });
            }
            let fetched = part.fetch(position, &limit);
            reading.position = Some(fetched.next);
            if !fetched.records.is_empty() {
                self.last = Some(partition.clone());
                return Some(GroupEvent::Records { partition, records: fetched.records });
            }
        }
        None
    }

    /// Everything owned, beginning behind the one whose turn was last.
    fn turns(&self) -> Vec<TopicPartition> {
        let Some(last) = &self.last else { return self.owned.keys().cloned().collect() };
        let behind = self.owned.keys().filter(|p| *p > last);
        behind.chain(self.owned.keys().filter(|p| *p <= last)).cloned().collect()
    }

    /// Waits until there may be something; in between this member says that it is there.
    async fn wait(&self) {
        let heartbeat = Instant::now() + self.how.max_poll_interval / 3;
        let due = self.inner().coordinator.deadline(&self.at.group);
        // A deadline has passed when the time is behind it, not at it.
        let due = due.map_or(heartbeat, |due| heartbeat.min(due + Duration::from_millis(1)));
        tokio::select! {
            biased;
            () = self.waker.notified() => {}
            () = self.changes.notified() => {}
            () = tokio::time::sleep_until(due) => {}
        }
    }

    fn check_commit(&self, entry: &CommitEntry) -> Result<(), CommitError> {
        if self.left || self.inner().check_open().is_err() {
            return Err(CommitError::Closed);
        }
        let CommitEntry { partition, committed } = entry;
        let (size, limit) = (committed.metadata.len(), Subscription::MAX_METADATA);
        if size > limit {
            return Err(CommitError::MetadataTooLarge { size, limit });
        }
        self.inner().coordinator.check_commit(&self.at.group, self.at.id, partition)?;
        let end = self.inner().state().partition(partition).map(|part| part.end);
        let end = end.map_err(|_| CommitError::NotOwned(partition.clone()))?;
        if committed.offset > end {
            let (partition, offset) = (partition.clone(), committed.offset);
            return Err(CommitError::OutOfRange { partition, offset, end });
        }
        Ok(())
    }

    fn store(&self, entry: CommitEntry) -> Result<(), CommitError> {
        self.check_commit(&entry)?;
        self.inner().tell(|faults| faults.stored(self.broker.process, &entry));
        let mut state = self.inner().state();
        let commits = state.commits.entry(self.at.group.clone()).or_default();
        commits.insert(entry.partition, entry.committed);
        Ok(())
    }
}

impl Consumer for SimMember {
    fn poll(&mut self) -> BoxFuture<'_, GroupEvent> {
        Box::pin(self.next())
    }

    fn start(&mut self, partition: &TopicPartition, from: Offset) {
        if let Some(reading) = self.owned.get_mut(partition) {
            *reading = Reading { position: Some(from), paused: false };
        }
        self.waker.notify_one();
    }

    fn pause(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.owned.entry(partition.clone()).and_modify(|reading| reading.paused = true);
        }
    }

    fn resume(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.owned.entry(partition.clone()).and_modify(|reading| reading.paused = false);
        }
        self.waker.notify_one();
    }

    fn commit(
        &mut self,
        entries: Vec<CommitEntry>,
    ) -> BoxFuture<'static, Vec<Result<(), CommitError>>> {
        let partition = entries.first().map(|entry| entry.partition.clone());
        let site = Site {
            process: self.broker.process,
            call: Call::Commit,
            partition: partition.as_ref(),
        };
        let injection = self.inner().injection(&site);
        let refused = || Err(CommitError::Unavailable("injected: no answer".to_owned()));
        let results: Vec<_> = entries
            .into_iter()
            .map(|entry| {
                let stored = if injection.acts() { self.store(entry) } else { refused() };
                let lost = matches!(injection, Injection::LoseReply(_));
                if lost { stored.and(refused()) } else { stored }
            })
            .collect();
        Box::pin(async move {
            answer(injection).await;
            results
        })
    }

    fn revoked(&mut self, ticket: RevokeTicket) {
        let injection = self.injection(Call::Revoked);
        if injection.acts() {
            self.inner().coordinator.revoked(&self.at.group, self.at.id, ticket);
        }
    }

    fn close(&mut self) -> BoxFuture<'static, ()> {
        let injection = self.injection(Call::Close);
        if injection.acts() && !std::mem::replace(&mut self.left, true) {
            self.owned.clear();
            self.inner().coordinator.leave(&self.at.group, self.at.id);
        }
        Box::pin(answer(injection))
    }
}

impl Drop for SimMember {
    /// Like a crash: the group waits for the session to run out.
    fn drop(&mut self) {
        if !self.left {
            let Membership { group, id, session_timeout, .. } = &self.at;
            self.inner().coordinator.hasten(group, *id, *session_timeout);
        }
    }
}

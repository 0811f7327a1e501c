//! One member of a group: asks the coordinator what it owns, and reads that.

mod commit;
mod consumer;
mod reading;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use self::reading::Reading;
use super::Inner;
use super::driver::SimBroker;
use super::fate::{Answer, Fate};
use super::faults::{Call, Refusal};
use super::life::Membership;
use crate::broker::coordinator::{Grant, Notice};
use crate::broker::sync::lock;
use crate::broker::{Assignment, BrokerError, GroupEvent, Subscription};
use crate::message::TopicPartition;

/// Longer times are cut to this, which can be added to any moment.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);
/// A client that was refused asks again after so long.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// A membership, as its process has it.
pub(super) struct SimMember {
    broker: SimBroker,
    at: Membership,
    how: Subscription,
    /// Woken when there may be something.
    waker: Arc<Notify>,
    owned: BTreeMap<TopicPartition, Reading>,
    /// Whose turn was last.
    last: Option<TopicPartition>,
    /// The rebalance that this member has heard of.
    generation: u64,
    /// Polls answer nothing before.
    stalled: Option<Instant>,
    left: bool,
}

impl SimMember {
    pub(super) fn join(broker: SimBroker, mut how: Subscription) -> Result<Self, BrokerError> {
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
            process: broker.life.process,
            group: how.group.clone(),
            id,
            session_timeout: how.session_timeout.min(how.max_poll_interval),
        };
        lock(&inner.members).push(at.clone());
        Ok(Self {
            broker,
            at,
            how,
            waker,
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

    /// What becomes of a call that is made now; it is about the first of these partitions.
    fn fate(&self, call: Call, partition: Option<&TopicPartition>) -> Fate {
        self.broker.fate(call, partition, Some(&self.at.group))
    }

    async fn next(&mut self) -> GroupEvent {
        if self.stalled.is_none() {
            self.stalled = until(&self.fate(Call::Poll, None)).await;
        }
        loop {
            if self.left || self.inner().check_open().is_err() {
                return GroupEvent::Fatal(BrokerError::Closed);
            }
            if let Some(until) = self.stalled {
                tokio::time::sleep_until(until).await;
                self.stalled = None;
            }
            self.inner().arrive();
            let back = lock(&self.inner().outages).broker_back(Instant::now());
            if back.is_some() {
                self.stalled = back;
                continue;
            }
            if let Some(event) = self.news() {
                return event;
            }
            self.wait().await;
        }
    }

    /// What there is to be told without waiting: who owns what comes before records.
    fn news(&mut self) -> Option<GroupEvent> {
        let told = if self.is_deaf() { None } else { self.told() };
        told.or_else(|| self.records())
    }

    /// Whether the group does not speak to this process now.
    fn is_deaf(&self) -> bool {
        lock(&self.inner().outages).is_deaf(self.at.process, Instant::now())
    }

    /// What the group says.
    fn told(&mut self) -> Option<GroupEvent> {
        match self.inner().coordinator.poll(&self.at.group, self.at.id) {
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
        }
    }

    /// A rebalance that gave this member nothing: cooperative members are told so.
    fn nothing_new(&mut self) -> Option<GroupEvent> {
        let generation = self.inner().coordinator.generation(&self.at.group)?;
        let heard = std::mem::replace(&mut self.generation, generation);
        (heard != generation && heard != 0).then(|| GroupEvent::Assigned(Vec::new()))
    }

    fn forget(&mut self, partitions: &[TopicPartition]) {
        self.owned.retain(|partition, _| !partitions.contains(partition));
    }

    fn assigned(&mut self, grants: Vec<Grant>) -> Option<GroupEvent> {
        let generation = self.inner().coordinator.generation(&self.at.group);
        self.generation = generation.unwrap_or(self.generation);
        let kept = self.inner().coordinator.accept(&self.at.group, grants);
        let mut told = Vec::new();
        for partition in kept {
            let state = self.inner().state();
            let commits = state.commits.get(&self.at.group);
            let committed = commits.and_then(|commits| commits.get(&partition)).cloned();
            let watermarks = state.partition(&partition).ok()?.bounds();
            drop(state);
            self.owned.insert(partition.clone(), Reading::default());
            told.push(Assignment { partition, committed, watermarks, topic_id: None });
        }
        (!told.is_empty()).then_some(GroupEvent::Assigned(told))
    }

    /// Waits until there may be something; in between this member says that it is there.
    async fn wait(&self) {
        let heartbeat = Instant::now() + self.how.max_poll_interval / 3;
        // A deadline has passed when the time is behind it, not at it. Who hears nothing does not see it pass.
        let group = match self.is_deaf() {
            true => None,
            false => self.inner().coordinator.deadline(&self.at.group),
        };
        let group = group.map(|due| due + Duration::from_millis(1));
        let due = [group, self.inner().next_due()].into_iter().flatten().min();
        let due = due.map_or(heartbeat, |due| heartbeat.min(due));
        tokio::select! {
            biased;
            () = self.waker.notified() => {}
            () = tokio::time::sleep_until(due) => {}
        }
    }
}

/// Until when a poll brings nothing; never comes back where the process is dead.
async fn until(fate: &Fate) -> Option<Instant> {
    let now = Instant::now();
    match fate.answer {
        Answer::Never => std::future::pending().await,
        Answer::Refused(Refusal::Unavailable) => Some(fate.told.max(now + TRY_AGAIN)),
        _ => Some(fate.told).filter(|told| *told > now),
    }
}

impl Drop for SimMember {
    /// Like a crash: the group waits for the session to run out.
    fn drop(&mut self) {
        if !self.left {
            self.inner().silence_member(&self.at);
        }
        self.inner().forget(&self.at);
    }
}

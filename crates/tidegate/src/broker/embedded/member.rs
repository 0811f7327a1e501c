//! One member of a group: asks the coordinator what it owns, and reads that.
//!
//! ```text
//!   poll ──▶ coordinator: Lost? Revoking? Assigned?
//!        ──▶ each started partition in turn: buffer, else tail, else load from the file
//!        ──▶ nothing: wait for a record, a notice, a load, or the next deadline
//! ```
//!
//! Whatever takes time runs in a task of the member's own: a `poll` that is dropped loses nothing, and delays nothing.

mod commit;
mod consumer;
mod grants;
mod load;
mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::grants::Described;
use self::load::Loaded;
use self::reading::{Next, Reading};
use super::Inner;

use crate::broker::coordinator::{MemberId, Notice};
use crate::broker::{BrokerError, FetchLimit, GroupEvent, Subscription};
use crate::message::TopicPartition;

/// How long it takes until the file is tried again when it cannot be read now.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// Longer times are cut to this, which can be added to any moment.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);
/// A membership; ends when dropped.
pub(super) struct Member {
    inner: Arc<Inner>,
    id: MemberId,
    how: Subscription,
    waker: Arc<Notify>,
    /// What is owned, as far as this member was told.
    owned: BTreeMap<TopicPartition, Reading>,
    /// Whose turn was last.
    last: Option<TopicPartition>,
    loads: JoinSet<Loaded>,
    reads: u64,
    /// Finds out what is to be said of the partitions that were granted; one at a time.
    grants: JoinSet<Described>,
    left: bool,
}

impl Member {
    pub(super) fn join(inner: Arc<Inner>, mut how: Subscription) -> Result<Self, BrokerError> {
        how.check()?;
        how.max_poll_interval = how.max_poll_interval.min(FOR_EVER);
        how.drain_deadline = how.drain_deadline.min(FOR_EVER);
        let mut wishes = BTreeSet::new();
        for topic in &how.topics {
            let topic = inner.log.topic(topic)?;
            wishes.extend(topic.partitions.iter().map(|p| p.place.clone()));
        }
        let waker = Arc::new(Notify::new());
        let id = inner.coordinator.join(&how, wishes, waker.clone());
        Ok(Self {
            inner,
            id,
            how,
            waker,
            owned: BTreeMap::new(),
            last: None,
            loads: JoinSet::new(),
            reads: 0,
            grants: JoinSet::new(),
            left: false,
        })
    }

    async fn next(&mut self) -> GroupEvent {
        loop {
            if let Err(closed) = self.check_open() {
                return GroupEvent::Fatal(closed);
            }
            let event = match self.news() {
                None => self.wait().await,
                news => news,
            };
            if matches!(event, Some(GroupEvent::Fatal(_))) {
                self.leave();
            }
            if let Some(event) = event {
                return event;
            }
        }
    }

    fn check_open(&self) -> Result<(), BrokerError> {
        match self.left {
            true => Err(BrokerError::Closed),
            false => self.inner.check_open(),
        }
    }

    /// What there is to be told without waiting: who owns what comes before records.
    fn news(&mut self) -> Option<GroupEvent> {
        let notice = self.inner.coordinator.poll(&self.how.group, self.id);
        if let Some(event) = notice.and_then(|notice| self.told(notice)) {
            return Some(event);
        }
        let described = self.grants.try_join_next();
        described.and_then(|described| self.described(described)).or_else(|| self.records())
    }

    /// Turns the coordinator's notice into an event.
    fn told(&mut self, notice: Notice) -> Option<GroupEvent> {
        match notice {
            Notice::Lost(partitions) => {
                self.forget(&partitions);
                Some(GroupEvent::Lost(partitions))
            }
            Notice::Revoking { partitions, within, ticket } => {
                self.forget(&partitions);
                Some(GroupEvent::Revoking { partitions, within, ticket })
            }
            Notice::Granted(grants) => {
                self.describe(grants);
                None
            }
        }
    }

    fn forget(&mut self, partitions: &[TopicPartition]) {
        partitions.iter().for_each(|partition| drop(self.owned.remove(partition)));
    }

    /// The next records of whoever's turn it is; starts loads for those that need the file.
    fn records(&mut self) -> Option<GroupEvent> {
        for partition in self.turns() {
            let limit = self.limit();
            let Some(reading) = self.owned.get_mut(&partition) else { continue };
            match reading.next(&limit) {
                Next::Nothing => {}
                Next::Load { from } => self.load(partition, from),
                Next::Records(records) => {
                    self.last = Some(partition.clone());
                    return Some(GroupEvent::Records { partition, records });
                }
                Next::OutOfRange { position, watermarks } => {
                    return Some(GroupEvent::OutOfRange { partition, position, watermarks });
                }
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

    fn limit(&self) -> FetchLimit {
        FetchLimit {
            records: self.how.max_poll_records,
            bytes: self.how.max_poll_bytes,
            wait: Duration::ZERO,
        }
    }

    /// Waits until there may be something; in between this member says that it is there.
    async fn wait(&mut self) -> Option<GroupEvent> {
        let heartbeat = Instant::now() + self.how.max_poll_interval / 3;
        let due = self.inner.coordinator.deadline(&self.how.group);
        // A deadline has passed when the time is behind it, not at it.
        let due = due.map_or(heartbeat, |due| heartbeat.min(due + Duration::from_millis(1)));
        tokio::select! {
            biased;
            () = self.waker.notified() => None,
            Some(described) = self.grants.join_next() => self.described(described),
            Some(loaded) = self.loads.join_next() => self.loaded(loaded),
            () = tokio::time::sleep_until(due) => None,
        }
    }
}

impl Member {
    fn set_paused(&mut self, partitions: &[TopicPartition], paused: bool) {
        for partition in partitions {
            if let Some(reading) = self.owned.get_mut(partition) {
                reading.paused = paused;
            }
        }
    }

    fn leave(&mut self) {
        if !std::mem::replace(&mut self.left, true) {
            self.owned.clear();
            self.loads.abort_all();
            self.grants.abort_all();
            self.inner.coordinator.leave(&self.how.group, self.id);
        }
    }
}

impl Drop for Member {
    /// In one process nobody needs to wait for a session to run out.
    fn drop(&mut self) {
        self.leave();
    }
}

//! All groups of the log: who owns what. Members of all clones of the broker share it.
//!
//! Nothing runs in the background: whoever polls, joins, commits or asks moves time forward for the
//! whole group, and a member that waits wakes up when something is due.

mod assignor;
#[cfg(feature = "testing")]
mod control;
mod group;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio::time::Instant;

#[cfg(feature = "testing")]
pub use control::Shift;
pub(crate) use group::{Grant, Notice};

use self::group::Group;
use super::sync::lock;
use crate::broker::{CommitError, GroupInfo, RevokeTicket, Subscription};
use crate::message::TopicPartition;

/// One membership; never used twice while the log is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MemberId(u64);

/// All groups, by name. One that all members have left stays, as its generation must not go back.
#[derive(Debug, Default)]
pub(crate) struct Coordinator {
    groups: Mutex<BTreeMap<String, Group>>,
    members: AtomicU64,
}

impl Coordinator {
    pub(crate) fn join(
        &self,
        how: &Subscription,
        wishes: BTreeSet<TopicPartition>,
        waker: Arc<Notify>,
    ) -> MemberId {
        let id = MemberId(self.members.fetch_add(1, Ordering::Relaxed) + 1);
        let mut groups = lock(&self.groups);
        let group = groups.entry(how.group.clone()).or_default();
        group.join(id, wishes, how, waker, Instant::now());
        id
    }

    pub(crate) fn leave(&self, group: &str, id: MemberId) {
        self.with(group, |group| group.leave(id));
    }

    pub(crate) fn poll(&self, group: &str, id: MemberId) -> Option<Notice> {
        self.with(group, |group| group.poll(id, Instant::now())).flatten()
    }

    /// The grants that still hold.
    pub(crate) fn accept(&self, group: &str, grants: Vec<Grant>) -> Vec<TopicPartition> {
        let accepted = self.with(group, |group| {
            let kept = grants.into_iter().filter(|grant| group.accept(grant));
            kept.map(|grant| grant.partition).collect()
        });
        accepted.unwrap_or_default()
    }

    pub(crate) fn revoked(&self, group: &str, id: MemberId, ticket: RevokeTicket) {
        self.with(group, |group| group.revoked(id, ticket, Instant::now()));
    }

    pub(crate) fn check_commit(
        &self,
        group: &str,
        id: MemberId,
        partition: &TopicPartition,
    ) -> Result<(), CommitError> {
        let checked = self.with(group, |group| group.check_commit(id, partition, Instant::now()));
        checked.unwrap_or(Err(CommitError::Closed))
    }

    pub(crate) fn deadline(&self, group: &str) -> Option<Instant> {
        self.with(group, |group| group.deadline()).flatten()
    }

    pub(crate) fn infos(&self) -> Vec<GroupInfo> {
        let mut groups = lock(&self.groups);
        let now = Instant::now();
        groups.values_mut().for_each(|group| group.expire(now));
        groups.iter().map(|(name, group)| group.info(name)).collect()
    }

    pub(crate) fn wake_all(&self) {
        lock(&self.groups).values().for_each(Group::wake_all);
    }

    fn with<T>(&self, group: &str, work: impl FnOnce(&mut Group) -> T) -> Option<T> {
        lock(&self.groups).get_mut(group).map(work)
    }
}

//! What a simulated world does to groups from outside.

use tokio::time::Instant;

use super::{Coordinator, MemberId};
use crate::broker::sync::lock;
use crate::message::TopicPartition;

/// How much a forced rebalance moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// Nothing: all keep what they have.
    Nothing,
    /// As little as can be: one partition goes to another member, or two change places.
    Least,
    /// Every partition goes to the next member that reads it.
    Everything,
}

impl Coordinator {
    /// How partitions move from the group's next rebalance on: at once, or only what goes to another member.
    pub(crate) fn set_eager(&self, group: &str, eager: bool) {
        lock(&self.groups).entry(group.to_owned()).or_default().set_eager(eager);
    }

    /// A rebalance that nobody has caused.
    pub(crate) fn shift(&self, group: &str, shift: Shift) {
        self.with(group, |group| group.shift(shift, Instant::now()));
    }

    /// Members hear that a topic of theirs has these partitions now.
    pub(crate) fn grown(&self, added: &[TopicPartition]) {
        lock(&self.groups).values_mut().for_each(|group| group.grown(added, Instant::now()));
    }

    /// The member is put out, as if its session had run out. It joins again when it polls.
    pub(crate) fn put_out(&self, group: &str, id: MemberId) {
        self.with(group, |group| group.put_out(id, Instant::now()));
    }

    /// Nothing is heard of the member from now on: it is put out when this moment has passed.
    pub(crate) fn silence(&self, group: &str, id: MemberId, until: Instant) {
        self.with(group, |group| group.silence(id, until, Instant::now()));
    }

    /// It is heard of again. What was decided meanwhile stays.
    pub(crate) fn heard(&self, group: &str, id: MemberId) {
        self.with(group, |group| group.heard(id, Instant::now()));
    }

    /// The coordinator is gone until then, and counts nobody's time: whoever takes its place begins anew.
    pub(crate) fn away(&self, until: Instant) {
        lock(&self.groups).values_mut().for_each(|group| group.away(until, Instant::now()));
    }

    /// Whether a member was told that it owns the partition.
    pub(crate) fn is_owned(&self, group: &str, at: &TopicPartition) -> bool {
        self.with(group, |group| group.is_owned(at)).unwrap_or_default()
    }

    /// Raised by each rebalance; `None` while everything is taken back for the next one.
    pub(crate) fn generation(&self, group: &str) -> Option<u64> {
        self.with(group, |group| group.generation()).flatten()
    }
}

//! What waits in the schedule, for programs that show it in their own form.

use std::time::Duration;

use super::Member;
use crate::message::TopicPartition;

/// What waits in the schedule of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scheduled {
    /// The partition of the source.
    pub partition: TopicPartition,
    /// Records that wait for their time, or behind one of their key.
    pub records: usize,
    /// Until the next of them is due; zero when it is. `None`: none waits for its time.
    pub next_due: Option<Duration>,
}

/// Of the partitions that the member owns now.
pub(super) fn of(member: &Member) -> Vec<Scheduled> {
    let Some(plan) = member.meters.plan() else { return Vec::new() };
    let (owned, now) = (member.health.snapshot().assigned, plan.clock.elapsed());
    let facts = member.meters.board.read().into_iter();
    let waiting = facts.filter(|(partition, fact)| fact.scheduled > 0 && owned.contains(partition));
    waiting
        .map(|(partition, fact)| Scheduled {
            partition,
            records: fact.scheduled,
            next_due: fact.next_due.map(|due| due.saturating_sub(now)),
        })
        .collect()
}

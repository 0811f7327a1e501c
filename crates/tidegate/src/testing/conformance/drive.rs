//! Polls members until a condition holds: the only way in which cases wait for a group.

use std::time::Duration;

use futures_util::future::select_all;
use tokio::time::{Instant, timeout_at};

use super::check::{Failed, Outcome, ensure, ensure_eq};
use super::lab::numbers;
use super::member::Member;
use crate::message::TopicPartition;

/// Polls all of these members until the condition holds, or patience ends.
///
/// Every event of one member drops the polls of the others: each case that uses two members is a test of
/// cancel safety besides.
pub(super) async fn until(
    members: &mut [&mut Member],
    what: &str,
    done: impl Fn(&[&mut Member]) -> bool,
) -> Outcome {
    let patience = members.iter().map(|m| m.patience).max().unwrap_or_default();
    let deadline = Instant::now() + patience;
    while !done(members) {
        if !step(members, deadline).await? {
            let stand: Vec<_> = members.iter().map(|m| m.stand()).collect();
            let stand = stand.join("; ");
            return Err(Failed::new(format!("not seen within {patience:?}: {what} ({stand})")));
        }
    }
    Ok(())
}

/// Polls all of these members for so long: for what needs time to run out.
pub(super) async fn poll_for(members: &mut [&mut Member], time: Duration) -> Outcome {
    let deadline = Instant::now() + time;
    while step(members, deadline).await? {}
    Ok(())
}

/// Takes the next event of any member; `false` when the deadline came first.
async fn step(members: &mut [&mut Member], deadline: Instant) -> Outcome<bool> {
    let polls = members.iter_mut().map(|m| m.consumer.poll());
    let Ok((event, index, others)) = timeout_at(deadline, select_all(polls)).await else {
        return Ok(false);
    };
    drop(others);
    members[index].take(event)?;
    Ok(true)
}

impl Member {
    /// [`until`] for a single member.
    pub(super) async fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> Outcome {
        until(&mut [self], what, |members| done(members[0])).await
    }

    /// Until the last of these numbers has come of the partition: all of them must have come then, once and in
    /// order, and nothing else.
    pub(super) async fn until_values(
        &mut self,
        partition: &TopicPartition,
        range: std::ops::Range<u32>,
    ) -> Outcome {
        let expected = numbers(range);
        let what = format!("{:?} of {partition}", expected.last());
        self.until(&what, |m| m.has_come(partition, &expected)).await?;
        ensure_eq!(self.values(partition), expected, "what came of {partition}");
        Ok(())
    }

    /// Whether these records have come, or as many others.
    pub(super) fn has_come(&self, partition: &TopicPartition, expected: &[String]) -> bool {
        let values = self.values(partition);
        values.len() >= expected.len() || (!values.is_empty() && values.last() == expected.last())
    }

    /// Until so many records of the partition have come, counted from the first.
    pub(super) async fn until_count(
        &mut self,
        partition: &TopicPartition,
        count: usize,
    ) -> Outcome {
        let what = format!("{count} records of {partition}");
        self.until(&what, |m| m.count(partition) >= count).await
    }

    /// Until it owns so many partitions.
    pub(super) async fn until_owns(&mut self, count: usize) -> Outcome {
        self.until(&format!("owning {count} partitions"), |m| m.owned.len() == count).await
    }
}

/// Until each of these members owns a share, and together they own this many partitions, each once.
pub(super) async fn until_shared(
    members: &mut [&mut Member],
    partitions: usize,
    at_least: usize,
) -> Outcome {
    let what = format!("{} members sharing {partitions} partitions", members.len());
    until(members, &what, |members| {
        let total: usize = members.iter().map(|m| m.owned.len()).sum();
        total == partitions && members.iter().all(|m| m.owned.len() >= at_least)
    })
    .await
}

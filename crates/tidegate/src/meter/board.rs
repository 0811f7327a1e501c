//! What the driver writes down of its partitions now and then, for whoever asks.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::broker::sync::lock;
use crate::message::{Timestamp, TopicPartition};

/// So often at most.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// One owned partition, as it was when it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    /// When the last commit was sent that the group accepted, on the service's clock; `None`: none was, under this ownership.
    pub(crate) committed: Option<Duration>,
    /// The timestamp of the oldest record that is held and not finished.
    pub(crate) oldest: Option<Timestamp>,
    /// Records that wait in the schedule.
    pub(crate) scheduled: usize,
    /// When the next of them is due, on the service's clock.
    pub(crate) next_due: Option<Duration>,
    /// Keys that an operator is to let go.
    pub(crate) held: usize,
    /// Why nothing is delivered.
    pub(crate) paused: Vec<&'static str>,
}

/// All owned partitions.
#[derive(Debug, Default)]
pub(crate) struct Board(Mutex<Written>);

#[derive(Debug, Default)]
struct Written {
    /// When, on the service's clock.
    at: Option<Duration>,
    facts: BTreeMap<TopicPartition, Fact>,
}

impl Board {
    /// Whether it is time to write again.
    pub(crate) fn wants(&self, now: Duration) -> bool {
        lock(&self.0).at.is_none_or(|at| now.saturating_sub(at) >= EVERY)
    }

    pub(crate) fn write(&self, now: Duration, facts: impl Iterator<Item = (TopicPartition, Fact)>) {
        let written = Written { at: Some(now), facts: facts.collect() };
        *lock(&self.0) = written;
    }

    pub(crate) fn read(&self) -> BTreeMap<TopicPartition, Fact> {
        lock(&self.0).facts.clone()
    }
}

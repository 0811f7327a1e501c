//! How an owned partition is, for whoever watches.

use std::time::Duration;

use crate::consumer::core::partition::Partition;
use crate::message::{Offset, TopicPartition};

/// One owned partition at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts<'a> {
    pub(crate) partition: &'a TopicPartition,
    /// When the last commit was sent that the group accepted under this ownership.
    pub(crate) committed: Option<Duration>,
    /// The lowest record that has arrived and is not finished.
    pub(crate) oldest: Option<Offset>,
    /// Records that wait in the schedule.
    pub(crate) scheduled: usize,
    /// When the next of them is due, on the service's clock; `None`: none waits for its time.
    pub(crate) next_due: Option<Duration>,
    /// Keys that an operator is to let go.
    pub(crate) held: usize,
    /// Why nothing is delivered, or nothing begins.
    pub(crate) paused: Vec<&'static str>,
}

impl Partition {
    pub(super) fn facts(&self) -> Facts<'_> {
        let lease = self.lease.is_over().then_some("lease");
        Facts {
            partition: &self.id,
            committed: self.progress.accepted_at,
            oldest: self.tracker.unfinished().next(),
            scheduled: self.schedule.pending(),
            next_due: self.schedule.index.next_due(),
            held: self.schedule.index.held(),
            paused: self.pauses.names().chain(lease).collect(),
        }
    }
}

//! Everything about a service at one moment.

use super::Readiness;
use crate::consumer::core::Ledger;
use crate::message::TopicPartition;

/// Where a service is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Phase {
    /// Checking, or joining the group.
    #[default]
    Starting,
    /// Member of the group.
    Running,
    /// Finishing what it has begun; takes nothing new.
    Draining,
    /// Ended, in whatever way.
    Stopped,
}

/// How many records ended how, since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcomes {
    /// Handled.
    pub done: u64,
    /// Handled before.
    pub duplicate: u64,
    /// Not for this service, and said so.
    pub skipped: u64,
    /// Dead-lettered.
    pub dead: u64,
    /// Attempts that failed and were followed by another.
    pub retried: u64,
}

/// Everything at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Where the service is in its life.
    pub phase: Phase,
    /// The partitions that it owns now.
    pub assigned: Vec<TopicPartition>,
    /// How many records ended how.
    pub outcomes: Outcomes,
    /// Handler calls that were begun.
    pub attempts: u64,
    /// Records that are running, settling or waiting.
    pub in_flight: u64,
    /// What became of every delivered record, by partition.
    pub ledger: Ledger,
    /// As [`Health::readiness`](super::Health::readiness) says.
    pub readiness: Readiness,
}

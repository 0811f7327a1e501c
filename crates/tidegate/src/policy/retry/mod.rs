//! What happens after a transient failure: how often, and how long between.

mod next;

pub(crate) use next::{Next, Tried};

use std::time::Duration;

/// However many attempts a route allows: one that panics or hangs is tried so often at most, for its effect is unknown
/// each time (rule 18).
pub const UNKNOWN_EFFECT_CAP: u32 = 3;

/// Exponential back-off with full jitter, limited in attempts and in active age.
///
/// The delay before attempt `n + 1` is drawn evenly from 0 to `min(initial * 2^(n-1), max)`, when attempt `n` fails
/// (full jitter, as in the AWS architecture blog's "Exponential Backoff And Jitter"), and does not change any more (rule 19).
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    pub(crate) initial: Duration,
    pub(crate) max: Duration,
    pub(crate) attempts: u32,
    pub(crate) active_age: Option<Duration>,
    pub(crate) in_place: u32,
}

impl Default for Retry {
    /// `Retry::exponential(1 s, 30 s)`: 3 attempts, no limit of age, 1 retry in place.
    fn default() -> Self {
        Self::exponential(Duration::from_secs(1), Duration::from_secs(30))
    }
}

impl Retry {
    /// Full jitter under a bound that starts at `initial` and doubles up to `max`. 3 attempts.
    #[must_use]
    pub const fn exponential(initial: Duration, max: Duration) -> Self {
        Self { initial, max, attempts: 3, active_age: None, in_place: 1 }
    }

    /// One attempt, no retry.
    #[must_use]
    pub const fn none() -> Self {
        Self::exponential(Duration::ZERO, Duration::ZERO).attempts(1)
    }

    /// So many handler calls per record in all (until a replay); at least 1. Default 3.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// No further attempt once the record has been tried for so long. Time while its partition is paused for an
    /// outage does not count. Default: no limit.
    #[must_use]
    pub const fn active_age(mut self, age: Duration) -> Self {
        self.active_age = Some(age);
        self
    }

    /// The first so many retries wait in memory, and keep the partition's delivery open. Later ones wait in the schedule, where the
    /// service has one ([`Service::retry_topics`](crate::service::Service::retry_topics)); else, and always under `Order::Partition`,
    /// in memory too, and under `Order::Partition` they pause the partition. Default 1.
    #[must_use]
    pub const fn in_place(mut self, retries: u32) -> Self {
        self.in_place = retries;
        self
    }
}

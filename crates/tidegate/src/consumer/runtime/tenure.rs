//! One ownership of one partition, as the lanes see it: shared with all that runs for it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::consumer::core::LocalEpoch;
use crate::delivery::Ownership;
use crate::message::TopicPartition;
use crate::planted::planted;

/// From `Own` or `Start` to `Cancel`.
#[derive(Debug)]
pub(super) struct Tenure {
    pub(super) partition: TopicPartition,
    pub(super) epoch: LocalEpoch,
    /// The owner epochs that the stores gave, by the store's place.
    pub(super) owners: Vec<i64>,
    /// Cancelled when the ownership has ended: what runs for it is dropped, and its answers are not heard.
    pub(super) over: CancellationToken,
    /// The same, to be asked for each record: the token has a lock.
    ended: AtomicBool,
    /// Nothing that was handed over is begun any more.
    held: AtomicBool,
    /// Until when the ownership is trusted, in microseconds of the service's clock (rule 10).
    lease: AtomicU64,
    clock: Clock,
}

impl Tenure {
    pub(super) fn new(
        partition: TopicPartition,
        epoch: LocalEpoch,
        owners: Vec<i64>,
        clock: Clock,
    ) -> Self {
        Self {
            partition,
            epoch,
            owners,
            over: CancellationToken::new(),
            ended: AtomicBool::new(false),
            held: AtomicBool::new(false),
            lease: AtomicU64::new(0),
            clock,
        }
    }

    /// The ownership has ended.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.over.cancel();
    }

    pub(super) fn hold(&self) {
        self.held.store(true, Ordering::Release);
    }

    pub(super) fn set_lease(&self, until: Duration) {
        self.lease.store(micros(until), Ordering::Release);
    }

    /// Whether the ownership may be acted on now (rule 10).
    pub(super) fn is_trusted(&self, now: Duration) -> bool {
        let leased = micros(now) < self.lease.load(Ordering::Acquire) || planted!(NoLease);
        leased && !self.ended.load(Ordering::Acquire)
    }

    /// Whether an attempt may begin now (rules 10, 11).
    pub(super) fn may_begin(&self, now: Duration) -> bool {
        !self.held.load(Ordering::Acquire) && self.is_trusted(now)
    }
}

impl Ownership for Tenure {
    fn holds(&self) -> bool {
        self.is_trusted(self.clock.elapsed())
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

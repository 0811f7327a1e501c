//! One ownership of one partition, as the lanes see it: shared with all that runs for it.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::consumer::core::LocalEpoch;
use crate::delivery::Ownership;
use crate::message::TopicPartition;
use crate::planted::planted;

/// From `Own` or `Start` to `Cancel`. Each task that is handed over has a handle of its own: lanes that count references at the
/// same place would wait for each other.
#[derive(Debug)]
pub(super) struct Tenure(Arc<Terms>);

/// What all handles share.
#[derive(Debug)]
pub(super) struct Terms {
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
    /// Cancelled at the same time: what waits to be begun comes back.
    pub(super) holding: CancellationToken,
    /// Until when the ownership is trusted, in microseconds of the service's clock (rule 10).
    lease: AtomicU64,
    /// What it writes into companions says so.
    writer: OnceLock<String>,
    clock: Clock,
}

impl Tenure {
    pub(super) fn new(
        partition: TopicPartition,
        epoch: LocalEpoch,
        owners: Vec<i64>,
        clock: Clock,
    ) -> Self {
        Self(Arc::new(Terms {
            partition,
            epoch,
            owners,
            over: CancellationToken::new(),
            ended: AtomicBool::new(false),
            held: AtomicBool::new(false),
            holding: CancellationToken::new(),
            lease: AtomicU64::new(0),
            writer: OnceLock::new(),
            clock,
        }))
    }

    /// Another handle.
    pub(super) fn handle(&self) -> Arc<Self> {
        Arc::new(Self(self.0.clone()))
    }

    /// Whether both are of one ownership.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for Tenure {
    type Target = Terms;
    fn deref(&self) -> &Terms {
        &self.0
    }
}

impl Terms {
    /// Names this ownership among all others, of whatever process: what it has written itself it need not hear of again.
    pub(super) fn writer(&self) -> &str {
        self.writer.get_or_init(|| format!("{:016x}-{}", self.clock.now().entropy, self.epoch.0))
    }

    /// The ownership has ended.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.over.cancel();
    }

    pub(super) fn hold(&self) {
        self.held.store(true, Ordering::Release);
        self.holding.cancel();
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

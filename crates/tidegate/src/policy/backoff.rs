//! How long to wait before something that must work in the end is tried again.

use std::time::Duration;

use crate::policy::jitter::between;

/// A wait that doubles from `initial` up to `max`, for outages, settling and commits: tried for ever, so never counted.
///
/// Half of each wait is drawn (equal jitter): many instances spread out, and none hammers what is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    initial: Duration,
    max: Duration,
}

impl Backoff {
    /// The first wait is about `initial`; none is longer than `max`.
    #[must_use]
    pub const fn new(initial: Duration, max: Duration) -> Self {
        Self { initial, max }
    }

    /// The wait after the `failures`th failure in a row (from 1): from half of the bound to the bound.
    pub(crate) fn delay(&self, failures: u32, entropy: u64) -> Duration {
        let bound = doubled(self.initial, failures).min(self.max);
        bound / 2 + between(bound - bound / 2, entropy)
    }
}

/// `initial * 2^(n-1)`, as large as it may get.
pub(crate) fn doubled(initial: Duration, n: u32) -> Duration {
    let factor = 1_u32.checked_shl(n.saturating_sub(1)).unwrap_or(u32::MAX);
    initial.saturating_mul(factor)
}

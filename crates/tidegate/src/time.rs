//! Short words for durations, as policies use them: `.timeout(secs(10))`.

use std::time::Duration;

/// So many milliseconds.
#[must_use]
pub const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// So many seconds.
#[must_use]
pub const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// So many minutes.
#[must_use]
pub const fn mins(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

/// So many hours.
#[must_use]
pub const fn hours(n: u64) -> Duration {
    Duration::from_secs(n * 3600)
}

//! What a route promises about its records: order, retry, timeout.
//!
//! Guarantees are policies on the route, in one pinned order that users cannot change:
//! claim, attempt budget, timeout, catch panic, user layers, handler, settle.

mod after_dead_letter;
mod backoff;
mod jitter;
mod order;
pub mod retry;
mod start_from;

pub use after_dead_letter::AfterDeadLetter;
pub use backoff::Backoff;
pub(crate) use jitter::derive;
pub use order::Order;
pub use retry::Retry;
pub use start_from::StartFrom;

use std::time::Duration;

/// A route's policy in the table that the core was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct PolicyId(pub usize);

/// How effects and markers of a route are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effects {
    /// No marker: at least once.
    #[default]
    AtLeastOnce,
    /// Marker, effect and emitted events in one transaction of a store.
    Transactional,
}

/// Everything that the core needs to know of a route.
#[derive(Debug, Clone, PartialEq)]
pub struct RoutePolicy {
    /// Which records wait for which.
    pub order: Order,
    /// What happens after a transient failure.
    pub retry: Retry,
    /// How long one attempt may take. 30 s.
    pub timeout: Duration,
    /// Whether a call keeps a thread until it returns: it cannot be cut off, and the time limit does not apply to it.
    pub blocking: bool,
    /// The same of the dead-letter handler.
    pub dead_blocking: bool,
    /// Whether a marker stands for the effect.
    pub effects: Effects,
    /// Whether the route has a dead-letter handler.
    pub dead_handler: bool,
    /// What becomes of the key of a record that is dead-lettered.
    pub after_dead_letter: AfterDeadLetter,
}

impl RoutePolicy {
    /// How long one call may take before it is cut off.
    pub(crate) fn time_limit(&self) -> Duration {
        if self.blocking { Duration::MAX } else { self.timeout }
    }

    /// The same for a call of the dead-letter handler.
    pub(crate) fn dead_time_limit(&self) -> Duration {
        if self.dead_blocking { Duration::MAX } else { self.timeout }
    }
}

impl Default for RoutePolicy {
    fn default() -> Self {
        Self {
            order: Order::default(),
            retry: Retry::default(),
            timeout: Duration::from_secs(30),
            blocking: false,
            dead_blocking: false,
            effects: Effects::default(),
            dead_handler: false,
            after_dead_letter: AfterDeadLetter::default(),
        }
    }
}

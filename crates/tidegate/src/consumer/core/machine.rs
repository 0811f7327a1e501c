//! The state machine itself: one event in, commands out.

use std::time::Duration;

use crate::consumer::core::{Command, CoreConfig, Event, Ledger, Now};

/// Ownership, progress, retry and settling of one member of a group.
#[derive(Debug)]
pub struct Core {
    config: CoreConfig,
    ledger: Ledger,
}

impl Core {
    /// Owns nothing yet.
    #[must_use]
    pub fn new(config: CoreConfig) -> Self {
        Self { config, ledger: Ledger::new() }
    }

    /// Takes one event, and appends what is to be done, in this order, to `out`.
    ///
    /// `now.elapsed` never goes back. After [`Command::Stopped`] every event is ignored.
    pub fn step(&mut self, event: Event, now: Now, out: &mut Vec<Command>) {
        let _ = (event, now, out, &self.config);
    }

    /// When [`Event::Timer`] is due, on the clock of [`Now::elapsed`]; `None`: nothing waits for time.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        None
    }

    /// What became of every delivered record.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

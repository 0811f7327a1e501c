//! The state machine itself: one event in, commands out.

use std::time::Duration;

use crate::consumer::core::cx::Cx;
use crate::consumer::core::member::Member;
use crate::consumer::core::{Command, CoreConfig, Event, Facts, Ledger, Now};

/// Ownership, progress, retry and settling of one member of a group.
///
/// Guarantees, for any order of events (each is a property of `tests/core_rules/properties.rs`):
/// - a committed offset is never above the lowest unfinished record, and never goes back within an ownership (I2, I10);
/// - every delivered record ends exactly once, or is pending (I5);
/// - records of `Order::Partition` run one at a time, in offset order (I3);
/// - nothing is committed or forgotten before its steps of settling were acknowledged, in order (rule 4);
/// - late answers change nothing (rules 10, 13).
#[derive(Debug)]
pub struct Core {
    config: CoreConfig,
    member: Member,
}

impl Core {
    /// Owns nothing yet.
    #[must_use]
    pub fn new(config: CoreConfig) -> Self {
        Self { config, member: Member::default() }
    }

    /// Takes one event, and appends what is to be done, in this order, to `out`.
    ///
    /// `now.elapsed` never goes back. After [`Command::Stopped`] every event is ignored.
    ///
    /// # Panics
    /// When a delivered record names a policy that the configuration does not have.
    pub fn step(&mut self, event: Event, now: Now, out: &mut Vec<Command>) {
        self.member.step(event, &mut Cx::new(&self.config, now, out));
        debug_assert!(self.member.conserved(), "I5: {:?}", self.ledger());
    }

    /// When [`Event::Timer`] is due, on the clock of [`Now::elapsed`]; `None`: nothing waits for time.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.member.deadline(&self.config)
    }

    /// What became of every delivered record, over all ownerships of this process.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::new();
        self.update_ledger(&mut ledger);
        ledger
    }

    /// How each owned partition is.
    pub(crate) fn facts(&self) -> impl Iterator<Item = Facts<'_>> {
        self.member.facts()
    }

    /// The same, in a ledger of this core that is a little older.
    pub(crate) fn update_ledger(&self, ledger: &mut Ledger) {
        self.member.update_ledger(ledger);
    }
}

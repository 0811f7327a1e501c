//! Brokers that break one promise each: the proof that the conformance suite notices.
//!
//! ```text
//!   case ──▶ Broken ──▶ twist: passes everything on, but one thing wrongly ──▶ a sound broker
//! ```
//!
//! Each [`Fault`] wraps any sound broker and names the cases that must fail on it. A new case that guards
//! something new deserves a fault that fails it (`tests/conformance.rs`, `each_broken_broker_is_caught`).

mod commits;
mod driver;
mod groups;
mod keeping;
mod list;
mod members;
mod publishing;
mod reading;
mod twist;

use std::fmt;
use std::time::Duration;

pub use list::faults;

use self::driver::BrokenDriver;
use self::twist::Twist;
use crate::broker::{BoxFuture, Broker};
use crate::message::TopicPartition;
use crate::testing::conformance::{Harness, ShortTimes};

/// Some faults show as something that never comes: waiting a fifth of the sound broker's patience is enough.
const PATIENCE_PART: u32 = 5;

/// One way to break the contract.
pub struct Fault {
    /// What such a broker does, as a name for tables.
    pub name: &'static str,
    /// The cases that must fail on it.
    pub must_fail: &'static [&'static str],
    twist: fn() -> Box<dyn Twist>,
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("name", &self.name)
            .field("must_fail", &self.must_fail)
            .finish_non_exhaustive()
    }
}

/// A harness whose brokers have one fault.
pub struct Broken<'a> {
    sound: &'a dyn Harness,
    fault: &'static Fault,
}

impl fmt::Debug for Broken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Broken({} on {})", self.fault.name, self.sound.name())
    }
}

impl<'a> Broken<'a> {
    /// Breaks the brokers of a sound implementation.
    #[must_use]
    pub fn new(sound: &'a dyn Harness, fault: &'static Fault) -> Self {
        Self { sound, fault }
    }

    fn wrap(&self, broker: Broker) -> Broker {
        Broker::new(BrokenDriver::new(broker, (self.fault.twist)()))
    }
}

impl Harness for Broken<'_> {
    fn name(&self) -> &str {
        self.fault.name
    }

    fn broker(&self) -> BoxFuture<'_, Broker> {
        Box::pin(async { self.wrap(self.sound.broker().await) })
    }

    fn reopen(&self) -> BoxFuture<'_, Broker> {
        Box::pin(async { self.wrap(self.sound.reopen().await) })
    }

    fn make_gap(&self, partition: &TopicPartition, offsets: u64) -> BoxFuture<'_, ()> {
        self.sound.make_gap(partition, offsets)
    }

    fn patience(&self) -> Duration {
        self.sound.patience() / PATIENCE_PART
    }

    fn short_times(&self) -> ShortTimes {
        self.sound.short_times()
    }

    fn parallel(&self) -> usize {
        self.sound.parallel()
    }
}

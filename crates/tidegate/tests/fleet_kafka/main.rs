//! Fleets of real processes on a real Kafka, with numbered messages and a ledger of every attempt: members are killed, stopped
//! and restarted, come and go, and the broker is taken away.
//!
//! ```text
//!  parent ── numbered messages, acknowledged ──▶ Kafka ──▶ members (this binary again, as `child`)
//!     │                                                       │ begin, end, took over, let go
//!     └── killed, stopped, continued, left, down ──▶ ledger ◀─┘        ──▶ judge: 0 lost, 0 order breaks, repeats <= bound
//! ```
//!
//! `FLEET_MESSAGES` says how many messages each scenario has: 6,000, and 100,000 at night. Each prints one line.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

mod feed;
mod fleet;
mod judge;
mod judged;
mod ledger;
mod member;
mod scenarios;
mod stage;

/// The process that is hurt.
#[test]
#[ignore = "started by the scenarios, which hurt it"]
fn child() {
    member::live();
}

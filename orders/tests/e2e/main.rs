//! End to end, process level: the real `orders` program, on free ports and in a folder of its own, asked over HTTP,
//! interrupted, killed, and started again.
//!
//! Every test that ends its platform in peace checks the partition ledger first: no delivered offset is in none of
//! done, duplicate, skipped, dead or pending (invariant I5).

#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests may fail as tests do")]

#[path = "../harness/mod.rs"]
mod harness;
#[path = "../receiver/mod.rs"]
mod receiver;

mod draining;
mod journey;
mod limits;
mod load;
mod log_page;
mod metrics;
mod operator;
mod outage;
mod receiver_down;
mod schedule;
mod scripts;
mod startup;
mod statuses;
mod traced;
mod traces;
mod troubleshooting;

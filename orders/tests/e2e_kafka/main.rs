//! End to end on a real Kafka: each service in a process of its own, or all in one, interrupted, killed, started again,
//! and without their broker for a while.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests may fail as tests do")]

#[allow(
    dead_code,
    unused_imports,
    reason = "shared with the tests on the embedded log, which use the rest"
)]
#[path = "../harness/mod.rs"]
mod harness;
#[allow(dead_code, reason = "shared with the tests on the embedded log, which use the rest")]
#[path = "../receiver/mod.rs"]
mod receiver;

mod disks;
mod down;
mod load;
mod operator;
mod planted;
mod plants;
mod platform;
mod postgres;
mod processes;
mod ready;
mod rights;
mod schedule;
mod startup;
mod story;
#[cfg(feature = "tls")]
mod tls;
mod traced;
mod troubleshooting;

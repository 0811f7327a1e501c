//! The simulated log: what each fault does to a call, and what each control does to the log.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are not test functions")]

mod commits;
mod corrupt;
mod faults;
mod groups;
mod growth;
mod keeping;
mod outages;
mod processes;
mod retention;
mod rig;
mod trace;

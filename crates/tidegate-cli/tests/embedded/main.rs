//! The program on the embedded log: what it prints, where it prints it, and how it ends.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
mod connection;
mod dlq;
mod explain;
mod golden;
mod groups;
mod log;
mod retry;
mod surroundings;
mod topics;

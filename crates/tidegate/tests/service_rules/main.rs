//! What a service guarantees, driven end to end: real log, real handlers, virtual time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

mod batch_lanes;
mod batches;
mod blocking;
mod buffers;
mod common;
mod dead;
mod flaky;
mod groups;
mod happy;
mod health;
mod holds;
mod inbox;
mod lanes;
mod layers;
mod looking;
mod many;
mod order;
mod poison;
mod ready;
mod replay;
mod retry;
mod schedule;
mod settle;
mod start;
mod stop;
mod stores;
mod twins;

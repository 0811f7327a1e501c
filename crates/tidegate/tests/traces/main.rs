//! What is traced: the spans of an order, by name and parent, on the real runtime.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

mod batches;
mod headers;
mod kept;
mod orders;
mod replays;
mod support;

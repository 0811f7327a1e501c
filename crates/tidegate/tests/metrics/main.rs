//! What a service tells Prometheus, against what it did.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

mod counted;
mod names;
mod progress;
mod publishing;
mod support;

//! Tidegate: event-driven services on Apache Kafka.

pub mod broker;
pub mod class;
pub mod consumer;
pub mod dead_letter;
pub mod delivery;
pub mod emit;
pub mod event;
pub mod events;
pub mod headers;
pub mod inbox;
pub mod message;
pub mod outcome;
pub mod policy;
pub mod router;
#[cfg(feature = "testing")]
pub mod testing;

pub use class::{Class, Classify, Failure};

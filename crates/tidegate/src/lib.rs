//! Tidegate: event-driven services on Apache Kafka.

pub mod broker;
pub mod class;
mod clock;
pub mod codec;
pub mod consumer;
pub mod dead_letter;
pub mod delivery;
pub mod emit;
pub mod error;
pub mod event;
pub mod events;
pub mod extract;
pub mod findings;
pub mod handler;
pub mod headers;
pub mod health;
pub mod inbox;
pub mod layer;
pub mod message;
pub mod outcome;
pub mod policy;
pub mod prelude;
pub mod publisher;
pub mod replay;
pub mod router;
pub mod service;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
pub mod time;

pub use class::{Class, Classify, Failure, Permanent};
pub use error::Error;
pub use findings::Finding;

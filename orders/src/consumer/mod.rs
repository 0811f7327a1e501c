//! The consumer.
mod error;
pub mod gateway;
mod simulation;

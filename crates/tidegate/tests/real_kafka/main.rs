//! What only a real Kafka can show: brokers that die, logs with gaps, and programs that are not ours.
//!
//! The contract itself is examined by `conformance_kafka`; here is what surrounds it. Each test has topics and groups of
//! its own; a test that hurts its broker has a broker of its own, too.
//!
//! `KAFKA_ROUNDS` repeats what is hurt so many times in one run: 1 unless it is set, more at night.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

mod bootstrap;
mod cluster;
mod codecs;
mod corrupt;
mod damage;
mod deleted;
mod gaps;
mod java;
mod kcat;
mod leaving;
mod notes;
mod offsets;
mod protocols;
mod queues;
mod restart;
mod silence;
#[cfg(feature = "metrics")]
mod statistics;
mod support;
mod transactions;

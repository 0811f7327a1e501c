//! Several records in one call.
//!
//! ```
//! use tidegate::prelude::*;
//! # #[derive(serde::Deserialize)] struct Reading { sensor: String, value: f64 }
//! # impl Event for Reading {
//! #     const TYPE: &'static str = "reading.taken";
//! #     fn key(&self) -> Key<'_> { Key::from(&self.sensor) }
//! # }
//! async fn store(readings: Batch<Reading>) -> Vec<Result<(), Permanent>> {
//!     let check = |reading: &Reading| {
//!         if reading.value.is_finite() { Ok(()) } else { Err(Permanent::new("not a number")) }
//!     };
//!     readings.iter().map(|record| check(&record.payload)).collect()
//! }
//! let router = Topic::json("readings").on_batch(100, store).with_state(());
//! ```
//!
//! ```text
//!   record ─▶ claim, time limit, layers ─┐                        ┌─▶ its outcome: done, retry, dead letter
//!   record ─▶ claim, time limit, layers ─┼─▶ one call of handler ─┼─▶ its outcome
//!   record ─▶ claim, time limit, layers ─┘                        └─▶ its outcome
//! ```
//!
//! - **A record keeps what it has without a batch**: its attempts, its retry, its dead letter, its layers. A batch has no two
//!   records that wait for each other: of a key one at most (under [`Order::Key`](crate::policy::Order::Key)), of a partition one
//!   at most (under `Order::Partition`).
//! - **Nothing is waited for**: a batch is what can run at this moment, up to the most that was allowed. Besides it is bounded by
//!   [`concurrency`](crate::service::Service::concurrency) (64 for each core: raise it for larger batches), by the different keys that
//!   wait, and by the lanes, among which the records are spread: with many lanes and small batches, set
//!   [`lanes`](crate::service::Service::lanes) to 1 or 2.
//! - **Nobody is blamed for others**: a call that fails as a whole (an error for all, a panic, a wrong number of outcomes) is
//!   repeated for each record alone, in the same attempt; what it did before may happen twice. `Outage`, `Fatal` and a failure
//!   with a delay are meant for all, and not repeated. Second and later attempts run alone.
//! - **What is cut off cuts the call off**: when one of its records is taken away by the group, the call is dropped, and the others
//!   run again in another one. (A [`blocking`](crate::handler::blocking) call cannot be dropped: the others wait for it.)
//! - **A call that hangs costs each of its records an attempt**, as its effect is unknown for all; the next attempts run alone. So a
//!   batch handler needs two attempts at least (`TG0015`).

mod gather;
mod outcomes;
mod typed;

use std::ops::Deref;

use crate::delivery::Delivery;
use crate::event::EventId;
use crate::extract::{CorrelationId, Meta};
use crate::headers::Headers;

pub(crate) use gather::Gather;
pub use outcomes::IntoOutcomes;
pub(crate) use typed::Batched;

/// The first argument of a batch handler: the decoded events that can run at this moment. Never empty.
///
/// Bytes that are not a `T` never reach the handler: such a record is dead-lettered on its own.
#[derive(Debug)]
pub struct Batch<T>(Vec<BatchRecord<T>>);

/// One event of a [`Batch`].
#[derive(Debug)]
pub struct BatchRecord<T> {
    /// The decoded event.
    pub payload: T,
    delivery: Delivery,
}

impl<T> BatchRecord<T> {
    /// The event's identity: the idempotency key for everything outside.
    #[must_use]
    pub fn event_id(&self) -> &EventId {
        &self.delivery.event_id
    }

    /// Which attempt it is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.delivery.attempt
    }

    /// Names everything that belongs to one request.
    #[must_use]
    pub fn correlation_id(&self) -> CorrelationId {
        CorrelationId(self.delivery.correlation_id.clone())
    }

    /// Topic, partition, offset, timestamp.
    #[must_use]
    pub fn meta(&self) -> Meta {
        Meta::of(&self.delivery.record)
    }

    /// The record's headers.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.delivery.record.headers
    }
}

impl<T> Deref for Batch<T> {
    type Target = [BatchRecord<T>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T> IntoIterator for Batch<T> {
    type Item = BatchRecord<T>;
    type IntoIter = std::vec::IntoIter<BatchRecord<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Batch<T> {
    type Item = &'a BatchRecord<T>;
    type IntoIter = std::slice::Iter<'a, BatchRecord<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

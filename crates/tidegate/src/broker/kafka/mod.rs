//! Apache Kafka, and whatever else speaks its protocol, through librdkafka.
//!
//! ```text
//!   publish ──▶ sender thread ──▶ producer (idempotent, acks=all) ──▶ ┌─────────┐
//!   fetch ────▶ readers, one client for each read at a time ────────▶ │ cluster │
//!   admin ────▶ asking client ──────────────────────────────────────▶ │         │
//!   member ───▶ poll thread + committer thread, one client ─────────▶ └─────────┘
//! ```
//!
//! librdkafka blocks; nothing of it runs on the caller's threads. Each member of a group has a thread that polls and
//! never waits for a handler but inside a revoke (rules 11 and 14), and one that commits (rule 2).
//!
//! Where this implementation differs from the embedded log, within the contract:
//! - Retained partitions deliver what was read before, and nothing new, while a revoke is open: the client stops
//!   reading until the rebalance is answered (decision 8).
//! - A timestamp of exactly 0 is replaced by the present: the client takes it for "none".
//! - A partition whose position fell out of its log is read again only after the member has joined anew; a
//!   [`start`](crate::broker::Consumer::start) does that by itself.

mod clients;
mod context;
mod error;
mod ffi;
mod guarded;
mod member;
mod options;
mod record;
mod tokens;

pub use options::{Assignor, GroupProtocol, KafkaOptions};
pub use tokens::OAuthToken;

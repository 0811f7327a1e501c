//! What a client counts of itself.

use std::time::Duration;

/// The clients of one kind, added up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ClientStatistics {
    /// `consumer` or `producer`.
    pub client: String,
    /// Records that wait to be sent.
    pub queued_records: u64,
    /// Their bytes.
    pub queued_bytes: u64,
    /// Bytes that were sent to brokers, since the start.
    pub sent_bytes: u64,
    /// Bytes that came from brokers, since the start.
    pub received_bytes: u64,
    /// The brokers that are known.
    pub brokers: Vec<BrokerConnection>,
}

/// The way to one broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokerConnection {
    /// The broker's number.
    pub id: i32,
    /// Connected.
    pub up: bool,
    /// From a request to its answer: the 99th percentile of the last interval.
    pub round_trip: Duration,
}

impl BrokerConnection {
    /// A connection.
    #[must_use]
    pub const fn new(id: i32, up: bool, round_trip: Duration) -> Self {
        Self { id, up, round_trip }
    }
}

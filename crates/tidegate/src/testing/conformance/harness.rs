//! What an implementation hands in to be examined.

use std::time::Duration;

use crate::broker::{BoxFuture, Broker};
use crate::message::TopicPartition;

/// Makes and breaks brokers of one implementation, so that the cases can examine it. What they make room by (compaction,
/// retention) is looked at so often that a case may wait for it.
///
/// The methods panic when the implementation cannot be brought up: that fails the case at hand.
pub trait Harness: Send + Sync {
    /// Names the column in the table.
    fn name(&self) -> &str;

    /// The running broker. Cases share it; each uses topics and groups of its own.
    fn broker(&self) -> BoxFuture<'_, Broker>;

    /// Stops the running broker as a crash would (no [`close`](crate::broker::BrokerDriver::close), nothing
    /// flushed) and starts it again on the same data. From then on [`broker`](Self::broker) gives the new one.
    /// Called only while no other case runs.
    fn reopen(&self) -> BoxFuture<'_, Broker>;

    /// Leaves `offsets` offsets (at least 2) without a record behind the partition's present end, as compaction
    /// or the markers of a transaction do.
    fn make_gap(&self, partition: &TopicPartition, offsets: u64) -> BoxFuture<'_, ()>;

    /// How long a condition may take to come true. A passing run never waits for it. 10 s.
    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }

    /// The shortest times that the implementation takes, for the cases that wait until one has run out.
    fn short_times(&self) -> ShortTimes;

    /// How many cases run at once. 4.
    fn parallel(&self) -> usize {
        4
    }
}

/// See [`Harness::short_times`].
#[derive(Debug, Clone, Copy)]
pub struct ShortTimes {
    /// For [`Subscription::session_timeout`](crate::broker::Subscription::session_timeout).
    pub session_timeout: Duration,
    /// For [`Subscription::max_poll_interval`](crate::broker::Subscription::max_poll_interval).
    pub max_poll_interval: Duration,
    /// For [`Subscription::drain_deadline`](crate::broker::Subscription::drain_deadline); less than half of
    /// `max_poll_interval`.
    pub drain_deadline: Duration,
}

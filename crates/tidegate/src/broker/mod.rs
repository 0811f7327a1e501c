//! The seam: one contract, which every log implements and the runtime alone talks to.
//!
//! ```text
//!   Publisher ──publish(batch)──▶ ┌────────┐ ──fetch──▶ browse, restore, replay
//!                ◀──acks───────── │ Broker │
//!   runtime ──subscribe(group)──▶ └────────┘ ──admin──▶ topics, groups, delete records
//!                ◀──events────────  Assigned · Records · Revoking · Lost · Fatal
//! ```
//!
//! Calls come in batches, so that dynamic dispatch costs nothing per message. The contract is
//! stated as tests, `tidegate::testing::conformance` (feature `testing`); an implementation is one
//! when all of them pass.
//!
//! Guarantees of every implementation, each with the case that fails where it is broken:
//! - An acknowledged record is durable, and is read back byte for byte (case `acknowledged_means_durable`,
//!   case `headers_byte_for_byte`).
//! - Records of one `publish` call, and of successive calls from one task, keep their order within
//!   a partition (case `publishes_in_flight_keep_order`).
//! - A member never receives a record of a partition that it does not own, and can commit only what it owns
//!   in the present generation (case `lost_never_commits`, case `an_older_generation_cannot_commit`).
//! - Delivery never jumps: a position outside of the log is an event (case `start_out_of_range_is_an_event`).
//! - A compacted topic keeps the newest record of each key, and every offset what it was (case
//!   `compaction_keeps_the_newest_of_each_key`).

#[cfg(feature = "embedded")]
pub(crate) mod coordinator;
#[cfg(feature = "embedded")]
pub mod embedded;
mod error;
mod from_env;
mod group;
mod handle;
#[cfg(feature = "kafka")]
pub mod kafka;
mod keeping;
pub mod partitioner;
mod statistics;
pub(crate) mod sync;
#[cfg(any(feature = "embedded", feature = "kafka"))]
pub(crate) mod taking;
mod types;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::future::select_all;

pub use error::{AdminError, BrokerError, CommitError, PublishError};
pub use group::{
    Assignment, CommitEntry, Committed, Consumer, GroupEvent, RevokeTicket, Subscription,
};
pub use handle::Broker;
#[cfg(feature = "embedded")]
pub(crate) use keeping::Keeping;
pub use keeping::{Cleanup, Retention};
pub use statistics::{BrokerConnection, ClientStatistics};
pub use types::{
    FetchLimit, Fetched, GroupInfo, GroupMember, GroupState, NewTopic, PartitionLag, Placed,
    TopicInfo, Watermarks,
};

use crate::message::{NewRecord, Offset, Partition, Timestamp, TopicName, TopicPartition};

/// A boxed future: what the contract returns, as it is used behind `dyn`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The result for each record of a batch, in the batch's order.
pub type Acks = BoxFuture<'static, Vec<Result<Placed, PublishError>>>;

/// What a log must be able to do. Implemented by the modules `embedded` and `kafka`, each a feature, and for simulated
/// worlds by `tidegate::testing::sim` (feature `testing`).
///
/// All methods may be called from any task, and at any time until [`close`](Self::close).
pub trait BrokerDriver: Send + Sync + fmt::Debug + 'static {
    /// A short name for logs and tables, such as `embedded`.
    fn name(&self) -> &'static str;

    /// Identifies the log's data for ever (Kafka's cluster id): progress that was noted against another cluster is
    /// not used (rule 8).
    fn cluster_id(&self) -> BoxFuture<'_, Result<String, BrokerError>>;

    /// Takes records in. They are queued, in order, before this returns; the future gives the
    /// acknowledgements. Several calls may be in flight. Dropping the future cancels nothing.
    ///
    /// An error for a record says whether it may still have been persisted:
    /// [`PublishError::is_unknown`].
    fn publish(&self, records: Vec<NewRecord>) -> Acks;

    /// Joins a group. The member owns nothing until the first [`GroupEvent::Assigned`]. Members that read the same
    /// topics get the same number of partitions, give or take one.
    ///
    /// # Errors
    /// [`BrokerError::UnknownTopic`], and [`BrokerError::Config`] when the drain deadline is too long (rule 11).
    fn subscribe(
        &self,
        subscription: Subscription,
    ) -> BoxFuture<'_, Result<Box<dyn Consumer>, BrokerError>>;

    /// Reads a partition directly, without a group: records from `from` on, as many as the limit allows
    /// and at least one if there is one (however large). When nothing is there yet, waits up to
    /// `limit.wait`, then answers with no records.
    ///
    /// # Errors
    /// [`BrokerError::OutOfRange`] when `from` lies below the log's start or above its end; [`BrokerError::Corrupt`] where what is
    /// stored cannot be read: nothing is passed over.
    fn fetch(
        &self,
        partition: TopicPartition,
        from: Offset,
        limit: FetchLimit,
    ) -> BoxFuture<'_, Result<Fetched, BrokerError>>;

    /// Reads several partitions of a topic, as [`fetch`](Self::fetch) reads one: an answer for each that has one, as soon as one has.
    /// None has when nothing came in `limit.wait`, and where it is zero there may be none yet. The limit is for all of them
    /// together, or for each. Whoever asks for the same partitions again, where the answers ended, reads on without a pause.
    fn fetch_any(
        &self,
        topic: TopicName,
        from: Vec<(Partition, Offset)>,
        limit: FetchLimit,
    ) -> BoxFuture<'_, Vec<(Partition, Result<Fetched, BrokerError>)>> {
        let read = |(number, offset)| {
            let read = self.fetch(TopicPartition::new(topic.clone(), number), offset, limit);
            Box::pin(async move { (number, read.await) })
        };
        let reads: Vec<_> = from.into_iter().map(read).collect();
        Box::pin(async move {
            if reads.is_empty() {
                return Vec::new();
            }
            vec![select_all(reads).await.0]
        })
    }

    /// Start and end of a partition.
    fn watermarks(
        &self,
        partition: TopicPartition,
    ) -> BoxFuture<'_, Result<Watermarks, BrokerError>>;

    /// The first offset whose record's timestamp is at or after `time`; `None` when there is none.
    fn offset_for_time(
        &self,
        partition: TopicPartition,
        time: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Offset>, BrokerError>>;

    /// Creates topics; a result for each, in order.
    fn create_topics(&self, topics: Vec<NewTopic>) -> BoxFuture<'_, Vec<Result<(), AdminError>>>;

    /// All topics, by name.
    fn topics(&self) -> BoxFuture<'_, Result<Vec<TopicInfo>, BrokerError>>;

    /// Deletes the records before `before`; answers with the new log start. Nothing changes when `before` lies below
    /// the start already. Offsets are never given again, also when nothing is left.
    ///
    /// # Errors
    /// [`BrokerError::OutOfRange`] when `before` lies above the end.
    fn delete_records(
        &self,
        partition: TopicPartition,
        before: Offset,
    ) -> BoxFuture<'_, Result<Offset, AdminError>>;

    /// All groups that have members or committed offsets, by name.
    fn groups(&self) -> BoxFuture<'_, Result<Vec<GroupInfo>, BrokerError>>;

    /// What a group has committed, for every partition that it has committed.
    fn committed(
        &self,
        group: String,
    ) -> BoxFuture<'_, Result<Vec<(TopicPartition, Committed)>, BrokerError>>;

    /// How far a group is behind on the partitions of a topic.
    fn lag(
        &self,
        group: String,
        topic: TopicName,
    ) -> BoxFuture<'_, Result<Vec<PartitionLag>, BrokerError>>;

    /// How long a member of this group may be silent, where the log decides that and not
    /// [`Subscription::session_timeout`]: on Kafka under the newer protocol (KIP-848). `None`: the subscription does.
    fn group_session(&self, group: String) -> BoxFuture<'_, Result<Option<Duration>, BrokerError>> {
        drop(group);
        Box::pin(std::future::ready(Ok(None)))
    }

    /// What its clients count of themselves; nothing where there are none, or before they have counted.
    fn statistics(&self) -> Vec<ClientStatistics> {
        Vec::new()
    }

    /// Can records be written and read right now? Cheap enough for a readiness probe each second.
    fn health(&self) -> BoxFuture<'_, Result<(), BrokerError>>;

    /// Ends background work, after everything queued is written. Later calls answer
    /// [`BrokerError::Closed`].
    fn close(&self) -> BoxFuture<'_, ()>;
}

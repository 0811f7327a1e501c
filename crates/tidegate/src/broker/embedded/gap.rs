//! Gaps, as compaction and transaction markers leave them in Kafka: for tests.

use super::EmbeddedBroker;
use super::queue::Job;
use crate::broker::AdminError;
use crate::message::TopicPartition;

impl EmbeddedBroker {
    /// Leaves so many offsets without a record behind the partition's present end.
    ///
    /// # Errors
    /// As [`delete_records`](crate::broker::BrokerDriver::delete_records).
    pub async fn make_gap(
        &self,
        partition: &TopicPartition,
        offsets: u64,
    ) -> Result<(), AdminError> {
        let partition = self.0.log.partition(partition)?;
        self.0.ask(|reply| Job::Skip { partition, offsets, reply }).await?
    }
}

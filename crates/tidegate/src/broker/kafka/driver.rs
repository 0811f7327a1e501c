//! The contract, over what the folder's modules do.

use std::time::Duration;

use super::KafkaBroker;
use super::member::Member;
use crate::broker::{
    Acks, AdminError, BoxFuture, BrokerDriver, BrokerError, ClientStatistics, Committed, Consumer,
    FetchLimit, Fetched, GroupInfo, NewTopic, PartitionLag, Subscription, TopicInfo, Watermarks,
};
use crate::message::{NewRecord, Offset, Partition, Timestamp, TopicName, TopicPartition};

impl BrokerDriver for KafkaBroker {
    fn name(&self) -> &'static str {
        "kafka"
    }

    fn cluster_id(&self) -> BoxFuture<'_, Result<String, BrokerError>> {
        Box::pin(self.0.blocking(|inner| inner.cluster.id()))
    }

    fn publish(&self, records: Vec<NewRecord>) -> Acks {
        self.0.queue.publish(records)
    }

    fn subscribe(
        &self,
        subscription: Subscription,
    ) -> BoxFuture<'_, Result<Box<dyn Consumer>, BrokerError>> {
        Box::pin(async move {
            self.0.check_open()?;
            let mut partitions = 0;
            for topic in &subscription.topics {
                partitions += self.0.partitions_of(topic).await? as usize;
            }
            let inner = self.0.clone();
            let join = move |_: &_| Member::join(inner, &subscription, partitions);
            Ok(Box::new(self.0.blocking(join).await?) as Box<dyn Consumer>)
        })
    }

    fn fetch(
        &self,
        partition: TopicPartition,
        from: Offset,
        limit: FetchLimit,
    ) -> BoxFuture<'_, Result<Fetched, BrokerError>> {
        Box::pin(self.0.fetch(partition, from, limit))
    }

    fn fetch_any(
        &self,
        topic: TopicName,
        from: Vec<(Partition, Offset)>,
        limit: FetchLimit,
    ) -> BoxFuture<'_, Vec<(Partition, Result<Fetched, BrokerError>)>> {
        Box::pin(self.0.fetch_any(topic, from, limit))
    }

    fn watermarks(
        &self,
        partition: TopicPartition,
    ) -> BoxFuture<'_, Result<Watermarks, BrokerError>> {
        Box::pin(async move { self.0.watermarks(&partition).await })
    }

    fn offset_for_time(
        &self,
        partition: TopicPartition,
        time: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Offset>, BrokerError>> {
        Box::pin(self.0.blocking(move |inner| inner.cluster.offset_for_time(&partition, time)))
    }

    fn create_topics(&self, topics: Vec<NewTopic>) -> BoxFuture<'_, Vec<Result<(), AdminError>>> {
        Box::pin(async move {
            let count = topics.len();
            let results = self.0.blocking(move |inner| Ok(inner.cluster.create_topics(&topics)));
            results.await.unwrap_or_else(|e| vec![Err(AdminError::Broker(e)); count])
        })
    }

    fn topics(&self) -> BoxFuture<'_, Result<Vec<TopicInfo>, BrokerError>> {
        Box::pin(self.0.blocking(|inner| inner.cluster.topics()))
    }

    fn delete_records(
        &self,
        partition: TopicPartition,
        before: Offset,
    ) -> BoxFuture<'_, Result<Offset, AdminError>> {
        Box::pin(async move {
            let delete =
                move |inner: &super::Inner| inner.cluster.delete_records(&partition, before);
            Ok(self.0.blocking(delete).await?)
        })
    }

    /// Members of a group of the newer protocol (KIP-848) are not told: its state is unknown.
    fn groups(&self) -> BoxFuture<'_, Result<Vec<GroupInfo>, BrokerError>> {
        Box::pin(self.0.blocking(|inner| inner.cluster.groups()))
    }

    fn committed(
        &self,
        group: String,
    ) -> BoxFuture<'_, Result<Vec<(TopicPartition, Committed)>, BrokerError>> {
        Box::pin(self.0.blocking(move |inner| inner.cluster.committed(&group)))
    }

    fn lag(
        &self,
        group: String,
        topic: TopicName,
    ) -> BoxFuture<'_, Result<Vec<PartitionLag>, BrokerError>> {
        Box::pin(self.0.blocking(move |inner| inner.lag(&group, &topic)))
    }

    fn group_session(&self, group: String) -> BoxFuture<'_, Result<Option<Duration>, BrokerError>> {
        Box::pin(self.0.blocking(move |inner| inner.cluster.session(&group)))
    }

    fn statistics(&self) -> Vec<ClientStatistics> {
        self.0.cluster.statistics.read()
    }

    fn health(&self) -> BoxFuture<'_, Result<(), BrokerError>> {
        Box::pin(self.0.blocking(|inner| inner.cluster.health()))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.close())
    }
}

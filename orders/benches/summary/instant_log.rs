//! A log that keeps nothing and acknowledges at once: what is left is the route.

use std::sync::atomic::{AtomicU64, Ordering};

use tidegate::broker::{
    Acks, AdminError, BoxFuture, BrokerDriver, BrokerError, Committed, Consumer, FetchLimit,
    Fetched, GroupInfo, NewTopic, PartitionLag, Placed, Subscription, TopicInfo, Watermarks,
};
use tidegate::message::{NewRecord, Offset, Partition, Timestamp, TopicName, TopicPartition};

/// Publishes to nowhere. Nothing can be read from it.
#[derive(Debug, Default)]
pub(crate) struct InstantLog {
    next: AtomicU64,
}

fn closed<T: Send + 'static>() -> BoxFuture<'static, Result<T, BrokerError>> {
    Box::pin(std::future::ready(Err(BrokerError::Closed)))
}

impl BrokerDriver for InstantLog {
    fn name(&self) -> &'static str {
        "instant"
    }

    fn cluster_id(&self) -> BoxFuture<'_, Result<String, BrokerError>> {
        closed()
    }

    fn publish(&self, records: Vec<NewRecord>) -> Acks {
        let count = records.len() as u64;
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        let placed = |offset| Ok(Placed { partition: Partition(0), offset: Offset(offset) });
        Box::pin(std::future::ready((first..first + count).map(placed).collect()))
    }

    fn subscribe(&self, _: Subscription) -> BoxFuture<'_, Result<Box<dyn Consumer>, BrokerError>> {
        closed()
    }

    fn fetch(
        &self,
        _: TopicPartition,
        _: Offset,
        _: FetchLimit,
    ) -> BoxFuture<'_, Result<Fetched, BrokerError>> {
        closed()
    }

    fn watermarks(&self, _: TopicPartition) -> BoxFuture<'_, Result<Watermarks, BrokerError>> {
        closed()
    }

    fn offset_for_time(
        &self,
        _: TopicPartition,
        _: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Offset>, BrokerError>> {
        closed()
    }

    fn create_topics(&self, topics: Vec<NewTopic>) -> BoxFuture<'_, Vec<Result<(), AdminError>>> {
        Box::pin(std::future::ready(topics.iter().map(|_| Ok(())).collect()))
    }

    fn topics(&self) -> BoxFuture<'_, Result<Vec<TopicInfo>, BrokerError>> {
        closed()
    }

    fn delete_records(
        &self,
        _: TopicPartition,
        before: Offset,
    ) -> BoxFuture<'_, Result<Offset, AdminError>> {
        Box::pin(std::future::ready(Ok(before)))
    }

    fn groups(&self) -> BoxFuture<'_, Result<Vec<GroupInfo>, BrokerError>> {
        closed()
    }

    fn committed(
        &self,
        _: String,
    ) -> BoxFuture<'_, Result<Vec<(TopicPartition, Committed)>, BrokerError>> {
        closed()
    }

    fn lag(
        &self,
        _: String,
        _: TopicName,
    ) -> BoxFuture<'_, Result<Vec<PartitionLag>, BrokerError>> {
        closed()
    }

    fn health(&self) -> BoxFuture<'_, Result<(), BrokerError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

//! The contract, over what the folder's modules do.

use std::sync::Arc;

use super::member::Member;
use super::queue::Job;
use super::reader;
use super::store::StoreError;
use super::sync::lock;
use super::{EmbeddedBroker, Inner, groups, open};
use crate::broker::{
    Acks, AdminError, BoxFuture, BrokerDriver, BrokerError, Committed, Consumer, FetchLimit,
    Fetched, GroupInfo, NewTopic, PartitionLag, Subscription, TopicInfo, Watermarks,
};
use crate::message::{NewRecord, Offset, Timestamp, TopicName, TopicPartition};

impl BrokerDriver for EmbeddedBroker {
    fn name(&self) -> &'static str {
        "embedded"
    }

    fn cluster_id(&self) -> BoxFuture<'_, Result<String, BrokerError>> {
        Box::pin(self.0.blocking(|inner| open::cluster_id(&inner.store)))
    }

    fn publish(&self, records: Vec<NewRecord>) -> Acks {
        self.0.publish(records)
    }

    fn subscribe(
        &self,
        subscription: Subscription,
    ) -> BoxFuture<'_, Result<Box<dyn Consumer>, BrokerError>> {
        Box::pin(async move {
            self.0.check_open()?;
            let member = Member::join(self.0.clone(), subscription)?;
            Ok(Box::new(member) as Box<dyn Consumer>)
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

    fn watermarks(
        &self,
        partition: TopicPartition,
    ) -> BoxFuture<'_, Result<Watermarks, BrokerError>> {
        Box::pin(async move {
            self.0.check_open()?;
            Ok(self.0.log.partition(&partition)?.watermarks())
        })
    }

    fn offset_for_time(
        &self,
        partition: TopicPartition,
        time: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Offset>, BrokerError>> {
        Box::pin(async move {
            let partition = self.0.log.partition(&partition)?;
            let find = move |inner: &Inner| reader::offset_for_time(&inner.store, &partition, time);
            self.0.blocking(find).await
        })
    }

    fn create_topics(&self, topics: Vec<NewTopic>) -> BoxFuture<'_, Vec<Result<(), AdminError>>> {
        Box::pin(async move {
            let mut results = Vec::with_capacity(topics.len());
            for topic in topics {
                results.push(self.0.create_topic(topic).await);
            }
            results
        })
    }

    fn topics(&self) -> BoxFuture<'_, Result<Vec<TopicInfo>, BrokerError>> {
        Box::pin(async move {
            self.0.check_open()?;
            Ok(self.0.log.topics().iter().map(|topic| topic.info()).collect())
        })
    }

    fn delete_records(
        &self,
        partition: TopicPartition,
        before: Offset,
    ) -> BoxFuture<'_, Result<Offset, AdminError>> {
        Box::pin(async move {
            let partition = self.0.log.partition(&partition)?;
            self.0.ask(|reply| Job::Delete { partition, before, reply }).await?
        })
    }

    fn groups(&self) -> BoxFuture<'_, Result<Vec<GroupInfo>, BrokerError>> {
        Box::pin(groups::all(&self.0))
    }

    fn committed(
        &self,
        group: String,
    ) -> BoxFuture<'_, Result<Vec<(TopicPartition, Committed)>, BrokerError>> {
        Box::pin(async move { Ok(groups::committed(&self.0, group).await?.into_iter().collect()) })
    }

    fn lag(
        &self,
        group: String,
        topic: TopicName,
    ) -> BoxFuture<'_, Result<Vec<PartitionLag>, BrokerError>> {
        Box::pin(groups::lag(&self.0, group, topic))
    }

    fn health(&self) -> BoxFuture<'_, Result<(), BrokerError>> {
        Box::pin(async move {
            self.0.check_open()?;
            if lock(&self.0.failure).is_some() {
                // Whether it still fails is found out by trying: or nobody would, as nobody
                // sends records to who is not ready.
                self.0.flush().await?;
            }
            let failure = lock(&self.0.failure).clone();
            failure.map_or(Ok(()), |reason| Err(BrokerError::Unavailable(reason)))
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        let inner = self.0.clone();
        Box::pin(async move {
            // A panic in there was reported by the panic hook already.
            let _ = tokio::task::spawn_blocking(move || inner.shut()).await;
        })
    }
}

impl Inner {
    /// Reads the file on a thread that may block. If the file must be opened again first, asks the
    /// writer to do that, once.
    pub(super) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl Fn(&Self) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, BrokerError> {
        self.check_open()?;
        if self.store.has_failed() {
            self.flush().await?;
        }
        let inner = self.clone();
        let result = tokio::task::spawn_blocking(move || read(&inner)).await;
        self.check_open()?;
        let result = result.map_err(|e| BrokerError::Unavailable(e.to_string()))?;
        result.map_err(BrokerError::from)
    }

    /// Waits until everything that is queued was worked off.
    pub(super) async fn flush(&self) -> Result<(), BrokerError> {
        self.ask(|reply| Job::Flush { reply }).await
    }

    async fn create_topic(&self, mut topic: NewTopic) -> Result<(), AdminError> {
        let name = topic.name.clone();
        let illegal = |reason: &str| {
            Err(AdminError::InvalidTopic { topic: name.clone(), reason: reason.into() })
        };
        if topic.partitions == 0 {
            return illegal("it needs at least one partition");
        }
        if topic.partitions > MAX_PARTITIONS {
            return illegal("more than 10,000 partitions");
        }
        let limit = *topic.max_message_bytes.get_or_insert(self.max_message_bytes);
        if limit > MAX_MESSAGE_BYTES {
            return illegal("records of more than 1 GiB");
        }
        self.ask(|reply| Job::Create { topic, reply }).await?
    }
}

/// More would cost memory for each, and serve nobody in one process.
const MAX_PARTITIONS: u32 = 10_000;

/// What one stored value can safely hold.
const MAX_MESSAGE_BYTES: usize = 1 << 30;

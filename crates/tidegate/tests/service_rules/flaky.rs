//! A broker whose publishing to one topic fails as long as the test says so.

use std::sync::{Arc, Mutex};

use tidegate::broker::{
    Acks, AdminError, BoxFuture, Broker, BrokerDriver, BrokerError, Committed, Consumer,
    FetchLimit, Fetched, GroupInfo, NewTopic, PartitionLag, PublishError, Subscription, TopicInfo,
    Watermarks,
};
use tidegate::message::{NewRecord, Offset, Timestamp, TopicName, TopicPartition};

/// The embedded log in memory, with faults.
#[derive(Debug, Clone)]
pub(crate) struct Flaky {
    inner: Broker,
    faults: Arc<Mutex<Faults>>,
}

#[derive(Debug, Default)]
struct Faults {
    topic: String,
    /// One for each of the next calls that name the topic; `None`: for ever, as unavailable.
    errors: Option<Vec<PublishError>>,
    refused: usize,
    /// Nothing of this topic can be read.
    unread: Option<String>,
}

impl Flaky {
    pub(crate) fn new() -> Self {
        let faults = Faults { errors: Some(Vec::new()), ..Faults::default() };
        Self { inner: Broker::in_memory(), faults: Arc::new(Mutex::new(faults)) }
    }

    pub(crate) fn broker(&self) -> Broker {
        Broker::new(self.clone())
    }

    /// Nothing can be published to the topic, until [`heal`](Self::heal).
    pub(crate) fn break_topic(&self, topic: &str) {
        let mut faults = self.faults.lock().unwrap();
        (faults.topic, faults.errors) = (topic.to_owned(), None);
    }

    /// The next publishes to the topic fail like this.
    pub(crate) fn refuse(&self, topic: &str, errors: Vec<PublishError>) {
        let mut faults = self.faults.lock().unwrap();
        (faults.topic, faults.errors) = (topic.to_owned(), Some(errors));
    }

    pub(crate) fn heal(&self) {
        let mut faults = self.faults.lock().unwrap();
        (faults.errors, faults.unread) = (Some(Vec::new()), None);
    }

    /// The topic cannot be read, until [`heal`](Self::heal).
    pub(crate) fn hide(&self, topic: &str) {
        self.faults.lock().unwrap().unread = Some(topic.to_owned());
    }

    fn hides(&self, partition: &TopicPartition) -> bool {
        self.faults.lock().unwrap().unread.as_deref() == Some(partition.topic.as_str())
    }

    /// How many publishes were refused.
    pub(crate) fn refused(&self) -> usize {
        self.faults.lock().unwrap().refused
    }

    fn fault(&self, records: &[NewRecord]) -> Option<PublishError> {
        let mut faults = self.faults.lock().unwrap();
        if !records.iter().any(|record| record.topic.as_str() == faults.topic) {
            return None;
        }
        let error = match &mut faults.errors {
            None => Some(PublishError::Unavailable("broken by the test".into())),
            Some(errors) if errors.is_empty() => None,
            Some(errors) => Some(errors.remove(0)),
        };
        faults.refused += usize::from(error.is_some());
        error
    }

    /// What is for the broken topic is refused; the rest of the call gets through.
    fn partly(&self, records: Vec<NewRecord>, error: PublishError) -> Acks {
        let topic = self.faults.lock().unwrap().topic.clone();
        let refused = |record: &NewRecord| record.topic.as_str() == topic;
        let slots: Vec<bool> = records.iter().map(refused).collect();
        let rest = records.into_iter().filter(|record| !refused(record)).collect();
        let acks = self.inner.publish(rest);
        Box::pin(async move {
            let mut acks = acks.await.into_iter();
            let one = |refused| if refused { Err(error.clone()) } else { acks.next().unwrap() };
            slots.into_iter().map(one).collect()
        })
    }
}

impl BrokerDriver for Flaky {
    fn name(&self) -> &'static str {
        "flaky"
    }

    fn cluster_id(&self) -> BoxFuture<'_, Result<String, BrokerError>> {
        self.inner.cluster_id()
    }

    fn publish(&self, records: Vec<NewRecord>) -> Acks {
        match self.fault(&records) {
            Some(error) => self.partly(records, error),
            None => self.inner.publish(records),
        }
    }

    fn subscribe(
        &self,
        subscription: Subscription,
    ) -> BoxFuture<'_, Result<Box<dyn Consumer>, BrokerError>> {
        self.inner.subscribe(subscription)
    }

    fn fetch(
        &self,
        partition: TopicPartition,
        from: Offset,
        limit: FetchLimit,
    ) -> BoxFuture<'_, Result<Fetched, BrokerError>> {
        self.inner.fetch(partition, from, limit)
    }

    fn watermarks(
        &self,
        partition: TopicPartition,
    ) -> BoxFuture<'_, Result<Watermarks, BrokerError>> {
        if self.hides(&partition) {
            let why = "hidden by the test".to_owned();
            return Box::pin(std::future::ready(Err(BrokerError::Unavailable(why))));
        }
        self.inner.watermarks(partition)
    }

    fn offset_for_time(
        &self,
        partition: TopicPartition,
        time: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Offset>, BrokerError>> {
        self.inner.offset_for_time(partition, time)
    }

    fn create_topics(&self, topics: Vec<NewTopic>) -> BoxFuture<'_, Vec<Result<(), AdminError>>> {
        self.inner.create_topics(topics)
    }

    fn topics(&self) -> BoxFuture<'_, Result<Vec<TopicInfo>, BrokerError>> {
        self.inner.topics()
    }

    fn delete_records(
        &self,
        partition: TopicPartition,
        before: Offset,
    ) -> BoxFuture<'_, Result<Offset, AdminError>> {
        self.inner.delete_records(partition, before)
    }

    fn groups(&self) -> BoxFuture<'_, Result<Vec<GroupInfo>, BrokerError>> {
        self.inner.groups()
    }

    fn committed(
        &self,
        group: String,
    ) -> BoxFuture<'_, Result<Vec<(TopicPartition, Committed)>, BrokerError>> {
        self.inner.committed(group)
    }

    fn lag(
        &self,
        group: String,
        topic: TopicName,
    ) -> BoxFuture<'_, Result<Vec<PartitionLag>, BrokerError>> {
        self.inner.lag(group, topic)
    }

    fn health(&self) -> BoxFuture<'_, Result<(), BrokerError>> {
        self.inner.health()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.inner.close()
    }
}

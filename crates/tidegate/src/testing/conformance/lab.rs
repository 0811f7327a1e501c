//! What a case works with: a broker, names of its own, deadlines, and short forms of the contract's calls.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;

use super::check::{Failed, Outcome};
use super::harness::Harness;
use super::member::Member;
use crate::broker::{Broker, FetchLimit, NewTopic, Placed, PublishError, Subscription};
use crate::message::{NewRecord, Offset, Partition, Record, TopicName, TopicPartition};

/// One case's view of the implementation.
pub(super) struct Lab<'a> {
    pub(super) harness: &'a dyn Harness,
    pub(super) broker: Broker,
    /// Makes names unique on a cluster that has seen other cases and other runs.
    prefix: String,
    names: AtomicU32,
}

impl<'a> Lab<'a> {
    pub(super) async fn new(harness: &'a dyn Harness, prefix: String) -> Self {
        Self { harness, broker: harness.broker().await, prefix, names: AtomicU32::new(0) }
    }

    /// Crashes and restarts the broker; the old one is gone.
    pub(super) async fn reopen(&mut self) {
        self.broker = self.harness.reopen().await;
    }

    fn name(&self, kind: &str) -> String {
        let n = self.names.fetch_add(1, Ordering::Relaxed);
        format!("{}-{kind}{n}", self.prefix)
    }

    pub(super) fn group(&self) -> String {
        self.name("g")
    }

    pub(super) fn fresh_topic_name(&self) -> Outcome<TopicName> {
        Ok(TopicName::new(self.name("t"))?)
    }

    /// A new topic with so many partitions.
    pub(super) async fn topic(&self, partitions: u32) -> Outcome<TopicName> {
        let name = self.fresh_topic_name()?;
        self.create(NewTopic::new(name.clone(), partitions)).await?;
        Ok(name)
    }

    pub(super) async fn create(&self, topic: NewTopic) -> Outcome {
        let mut results = self.broker.create_topics(vec![topic]).await;
        Ok(results.pop().ok_or_else(|| Failed::new("create_topics gave no result"))??)
    }

    /// The only partition of a new topic.
    pub(super) async fn partition(&self) -> Outcome<TopicPartition> {
        Ok(partition(&self.topic(1).await?, 0))
    }

    /// All partitions of a new topic.
    pub(super) async fn partitions(&self, count: u32) -> Outcome<Vec<TopicPartition>> {
        let topic = self.topic(count).await?;
        Ok((0..count).map(|p| partition(&topic, p)).collect())
    }

    /// The result for each record, within the case's patience.
    pub(super) async fn try_publish(
        &self,
        records: Vec<NewRecord>,
    ) -> Outcome<Vec<Result<Placed, PublishError>>> {
        self.within("the acknowledgements", self.broker.publish(records)).await
    }

    /// Publishes records that all must be acknowledged.
    pub(super) async fn publish(&self, records: Vec<NewRecord>) -> Outcome<Vec<Placed>> {
        let acks = self.try_publish(records).await?;
        Ok(acks.into_iter().collect::<Result<_, _>>()?)
    }

    /// Publishes one record for each number, with the number as its value.
    pub(super) async fn fill(
        &self,
        partition: &TopicPartition,
        numbers: std::ops::Range<u32>,
    ) -> Outcome<Vec<Placed>> {
        self.publish(numbers.map(|n| numbered(partition, n)).collect()).await
    }

    /// Everything from `from` to the present end, read directly.
    pub(super) async fn read(&self, partition: &TopicPartition, from: u64) -> Outcome<Vec<Record>> {
        let end = self.broker.watermarks(partition.clone()).await?.end;
        let mut records = Vec::new();
        let mut next = Offset(from);
        while next < end {
            let read = self.broker.fetch(partition.clone(), next, FetchLimit::default());
            let fetched = self.within("a fetch", read).await??;
            if fetched.next <= next {
                return Err(Failed::new(format!("a fetch of {partition} at {next} got nowhere")));
            }
            next = fetched.next;
            records.extend(fetched.records);
        }
        Ok(records)
    }

    /// Joins a group on these topics, with long times: nothing runs out while the case looks elsewhere.
    pub(super) fn subscription(&self, group: &str, topics: &[&TopicName]) -> Subscription {
        let topics = topics.iter().map(|t| (*t).clone()).collect();
        let drain_deadline = self.harness.patience();
        let max_poll_interval = drain_deadline * 10;
        Subscription { drain_deadline, max_poll_interval, ..Subscription::new(group, topics) }
    }

    pub(super) async fn member(&self, group: &str, topic: &TopicName) -> Outcome<Member> {
        self.join(self.subscription(group, &[topic])).await
    }

    pub(super) async fn join(&self, subscription: Subscription) -> Outcome<Member> {
        let joining = self.broker.subscribe(subscription);
        Ok(Member::new(self.within("joining the group", joining).await??, self.harness.patience()))
    }

    /// What the group has committed for the partition.
    pub(super) async fn committed(
        &self,
        group: &str,
        partition: &TopicPartition,
    ) -> Outcome<Option<(u64, String)>> {
        let all = self.broker.committed(group.into()).await?;
        let found = all.into_iter().find(|(p, _)| p == partition);
        Ok(found.map(|(_, c)| (c.offset.0, c.metadata)))
    }

    /// Waits for a future, but not for ever.
    pub(super) async fn within<T>(
        &self,
        what: &str,
        future: impl Future<Output = T>,
    ) -> Outcome<T> {
        let patience = self.harness.patience();
        let timed_out = |_| Failed::new(format!("{what} did not come within {patience:?}"));
        tokio::time::timeout(patience, future).await.map_err(timed_out)
    }
}

pub(super) fn partition(topic: &TopicName, number: u32) -> TopicPartition {
    TopicPartition::new(topic.clone(), Partition(number))
}

/// A record without a value, for this very partition.
pub(super) fn record_to(partition: &TopicPartition) -> NewRecord {
    NewRecord::new(partition.topic.clone()).partition(partition.partition)
}

pub(super) fn numbered(partition: &TopicPartition, number: u32) -> NewRecord {
    record_to(partition).value(number.to_string())
}

/// The values as text, for comparisons that print well.
pub(super) fn values(records: &[Record]) -> Vec<String> {
    let text = |v: &Bytes| String::from_utf8_lossy(v).into_owned();
    records.iter().map(|r| r.value.as_ref().map_or_else(|| "null".into(), text)).collect()
}

/// What [`values`] gives for records that were made by [`Lab::fill`].
pub(super) fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}

pub(super) fn offsets(records: &[Record]) -> Vec<u64> {
    records.iter().map(|r| r.offset.0).collect()
}

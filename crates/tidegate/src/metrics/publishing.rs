//! A broker whose publishing is counted: whoever publishes through it, handlers, outbox, dead letters or programs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::names;
use super::sheet::Sheet;
use crate::broker::sync::lock;
use crate::broker::{
    Acks, AdminError, BoxFuture, Broker, BrokerDriver, BrokerError, ClientStatistics, Committed,
    Consumer, FetchLimit, Fetched, GroupInfo, NewTopic, PartitionLag, Placed, PublishError,
    Subscription, TopicInfo, Watermarks,
};
use crate::message::{NewRecord, Offset, Timestamp, TopicName, TopicPartition};
use crate::meter::Times;

/// How publishing ends. `abandoned`: nobody waited for the answer.
const RESULTS: [&str; 4] = ["acked", "refused", "unknown", "abandoned"];

/// So many topics are counted apart; what goes to more is counted together.
const MOST_TOPICS: usize = 200;

/// No topic's name.
const OTHER: &str = "(other)";

/// What was published, by topic.
#[derive(Debug, Default)]
pub(super) struct Publishing(Mutex<BTreeMap<String, Arc<OfTopic>>>);

#[derive(Debug, Default)]
struct OfTopic {
    results: [AtomicU64; RESULTS.len()],
    took: Mutex<Times>,
}

impl Publishing {
    fn of(&self, topic: &TopicName) -> Arc<OfTopic> {
        let mut topics = lock(&self.0);
        if let Some(known) = topics.get(topic.as_str()) {
            return known.clone();
        }
        let name = if topics.len() < MOST_TOPICS { topic.as_str() } else { OTHER };
        topics.entry(name.to_owned()).or_default().clone()
    }

    pub(super) fn fill(&self, sheet: &mut Sheet) {
        for (topic, counts) in &*lock(&self.0) {
            for (result, count) in RESULTS.iter().zip(&counts.results) {
                sheet.count(&names::PUBLISHED, &[topic, result], count.load(Ordering::Relaxed));
            }
            sheet.times(&names::PUBLISH_DURATION, &[topic], lock(&counts.took).read());
        }
    }
}

/// A batch on its way.
struct Batch {
    /// The topics of its records: one for each run of records that go to the same.
    runs: Vec<(Arc<OfTopic>, usize)>,
    began: Instant,
}

impl Batch {
    fn new(publishing: &Publishing, records: &[NewRecord]) -> Self {
        let runs = records.chunk_by(|one, next| one.topic == next.topic);
        let runs = runs.map(|run| (publishing.of(&run[0].topic), run.len())).collect();
        Self { runs, began: Instant::now() }
    }

    fn answered(mut self, acks: &[Result<Placed, PublishError>]) {
        let (took, mut rest) = (self.began.elapsed(), acks.iter());
        for (topic, count) in std::mem::take(&mut self.runs) {
            topic.count(rest.by_ref().take(count).map(result), took);
        }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        for (topic, count) in &self.runs {
            topic.results[3].fetch_add(*count as u64, Ordering::Relaxed);
        }
    }
}

impl OfTopic {
    fn count(&self, results: impl Iterator<Item = usize>, took: Duration) {
        let mut counts = [0; RESULTS.len()];
        results.for_each(|result| counts[result] += 1);
        for (total, count) in self.results.iter().zip(counts) {
            total.fetch_add(count, Ordering::Relaxed);
        }
        lock(&self.took).add(took);
    }
}

/// Its place in [`RESULTS`].
fn result(ack: &Result<Placed, PublishError>) -> usize {
    match ack {
        Ok(_) => 0,
        Err(error) if error.is_unknown() => 2,
        Err(_) => 1,
    }
}

/// Counts what is published; everything else is the broker's own.
#[derive(Debug)]
pub(super) struct Counting {
    pub(super) broker: Broker,
    pub(super) publishing: Arc<Publishing>,
}

impl BrokerDriver for Counting {
    fn publish(&self, records: Vec<NewRecord>) -> Acks {
        let batch = Batch::new(&self.publishing, &records);
        let acks = self.broker.publish(records);
        Box::pin(async move {
            let acks = acks.await;
            batch.answered(&acks);
            acks
        })
    }

    fn name(&self) -> &'static str {
        self.broker.name()
    }

    fn cluster_id(&self) -> BoxFuture<'_, Result<String, BrokerError>> {
        self.broker.cluster_id()
    }

    fn subscribe(
        &self,
        subscription: Subscription,
    ) -> BoxFuture<'_, Result<Box<dyn Consumer>, BrokerError>> {
        self.broker.subscribe(subscription)
    }

    fn fetch(
        &self,
        partition: TopicPartition,
        from: Offset,
        limit: FetchLimit,
    ) -> BoxFuture<'_, Result<Fetched, BrokerError>> {
        self.broker.fetch(partition, from, limit)
    }

    fn watermarks(&self, of: TopicPartition) -> BoxFuture<'_, Result<Watermarks, BrokerError>> {
        self.broker.watermarks(of)
    }

    fn offset_for_time(
        &self,
        partition: TopicPartition,
        time: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Offset>, BrokerError>> {
        self.broker.offset_for_time(partition, time)
    }

    fn create_topics(&self, topics: Vec<NewTopic>) -> BoxFuture<'_, Vec<Result<(), AdminError>>> {
        self.broker.create_topics(topics)
    }

    fn topics(&self) -> BoxFuture<'_, Result<Vec<TopicInfo>, BrokerError>> {
        self.broker.topics()
    }

    fn delete_records(
        &self,
        partition: TopicPartition,
        before: Offset,
    ) -> BoxFuture<'_, Result<Offset, AdminError>> {
        self.broker.delete_records(partition, before)
    }

    fn groups(&self) -> BoxFuture<'_, Result<Vec<GroupInfo>, BrokerError>> {
        self.broker.groups()
    }

    fn committed(
        &self,
        group: String,
    ) -> BoxFuture<'_, Result<Vec<(TopicPartition, Committed)>, BrokerError>> {
        self.broker.committed(group)
    }

    fn lag(
        &self,
        group: String,
        topic: TopicName,
    ) -> BoxFuture<'_, Result<Vec<PartitionLag>, BrokerError>> {
        self.broker.lag(group, topic)
    }

    fn group_session(&self, group: String) -> BoxFuture<'_, Result<Option<Duration>, BrokerError>> {
        self.broker.group_session(group)
    }

    fn statistics(&self) -> Vec<ClientStatistics> {
        self.broker.statistics()
    }

    fn health(&self) -> BoxFuture<'_, Result<(), BrokerError>> {
        self.broker.health()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.broker.close()
    }
}

//! What stands in the log: read whole, when the test has waited for something.

use std::collections::BTreeMap;

use crate::broker::{Broker, Committed, FetchLimit, TopicInfo};
use crate::codec::{Decode, Json};
use crate::dead_letter::Letter;
use crate::event::Event;
use crate::headers::names;
use crate::message::{Offset, Partition, Record, TopicName, TopicPartition};
use crate::testing::test_service::{Saw, TestService};

/// All records, and what the group has committed.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) records: BTreeMap<TopicPartition, Vec<Record>>,
    pub(super) committed: BTreeMap<TopicPartition, Committed>,
}

impl View {
    /// Reads everything.
    pub(super) async fn of(broker: &Broker, group: &str) -> Self {
        let mut records = BTreeMap::new();
        for TopicInfo { name, partitions, .. } in broker.topics().await.expect("topics are known") {
            for partition in (0..partitions).map(Partition) {
                let partition = TopicPartition::new(name.clone(), partition);
                records.insert(partition.clone(), all(broker, partition).await);
            }
        }
        let committed = broker.committed(group.to_owned()).await.expect("commits are known");
        Self { records, committed: committed.into_iter().collect() }
    }

    /// The ends of all partitions of these topics, if the group has committed up to each of them.
    pub(super) async fn committed_ends(
        broker: &Broker,
        group: &str,
        topics: &[TopicName],
    ) -> Option<BTreeMap<TopicPartition, Offset>> {
        let mut ends = BTreeMap::new();
        for topic in topics {
            for lag in broker.lag(group.to_owned(), topic.clone()).await.expect("lag is known") {
                if lag.lag > 0 {
                    return None;
                }
                ends.insert(lag.partition, lag.watermarks.end);
            }
        }
        Some(ends)
    }
}

async fn all(broker: &Broker, partition: TopicPartition) -> Vec<Record> {
    let bounds = broker.watermarks(partition.clone()).await.expect("the partition exists");
    let (mut from, mut records) = (bounds.start, Vec::new());
    while from < bounds.end {
        let read = broker.fetch(partition.clone(), from, FetchLimit::default()).await;
        let read = read.expect("the partition can be read");
        from = read.next;
        records.extend(read.records);
    }
    records
}

impl TestService {
    /// What was seen of the records with this key or event id, in order, over all lives of the service.
    #[must_use]
    pub fn outcomes(&self, key_or_event_id: &str) -> Vec<Saw> {
        let lives = self.past.iter().chain([&self.life.witness]);
        lives.flat_map(|witness| witness.outcomes(key_or_event_id)).collect()
    }

    /// The records of a topic when the test last waited, partition after partition.
    #[must_use]
    pub fn records(&self, topic: &str) -> Vec<Record> {
        let view = self.view.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let of_topic = view.records.iter().filter(|(at, _)| at.topic.as_str() == topic);
        of_topic.flat_map(|(_, records)| records.iter().cloned()).collect()
    }

    /// The events of this type on a topic when the test last waited.
    ///
    /// # Panics
    /// When one cannot be decoded.
    #[must_use]
    pub fn emitted<T: Event>(&self, topic: &str) -> Vec<T>
    where
        Json: Decode<T>,
    {
        let is_meant = |r: &Record| r.headers.text(names::EVENT_TYPE) == Some(T::TYPE);
        let decode = |r: Record| {
            Json.decode(r.value.as_deref().unwrap_or_default()).expect("the event can be decoded")
        };
        self.records(topic).into_iter().filter(is_meant).map(decode).collect()
    }

    /// All dead letters of this service's topics when the test last waited.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<Letter> {
        let sources = self.routes.topics.iter();
        let topics = sources.filter_map(|source| {
            self.settings.dead_letters.topic_for(source, &self.settings.group).ok()
        });
        topics
            .flat_map(|topic| self.records(topic.as_str()))
            .filter_map(|r| Letter::parse(&r))
            .collect()
    }
}

//! Publishing, direct reads, topics and groups on a real Kafka, beyond what every log must do.

#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

#[path = "reads_kafka/foreign.rs"]
mod foreign;
#[path = "reads_kafka/groups.rs"]
mod groups;
#[path = "reads_kafka/outage.rs"]
mod outage;
#[path = "reads_kafka/publishing.rs"]
mod publishing;
#[path = "reads_kafka/reading.rs"]
mod reading;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use test_servers::LocalKafka;
use tidegate::broker::kafka::KafkaOptions;
use tidegate::broker::{Broker, NewTopic, Placed, PublishError};
use tidegate::message::{NewRecord, Partition, TopicName, TopicPartition};

/// How long anything may take. A passing run never waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

async fn cluster() -> &'static LocalKafka {
    tokio::task::spawn_blocking(LocalKafka::shared).await.unwrap()
}

async fn options() -> KafkaOptions {
    KafkaOptions::new(cluster().await.address())
}

async fn broker() -> Broker {
    Broker::kafka(options().await).unwrap()
}

fn fresh(kind: &str) -> TopicName {
    static NAMES: AtomicU32 = AtomicU32::new(0);
    TopicName::new(format!("{kind}-{}", NAMES.fetch_add(1, Ordering::Relaxed))).unwrap()
}

async fn create(broker: &Broker, topic: NewTopic) -> TopicPartition {
    let name = topic.name.clone();
    broker.create_topics(vec![topic]).await.remove(0).unwrap();
    TopicPartition::new(name, Partition(0))
}

/// The first partition of a new topic with one.
async fn partition(broker: &Broker) -> TopicPartition {
    create(broker, NewTopic::new(fresh("t"), 1)).await
}

fn record(partition: &TopicPartition, value: impl Into<bytes::Bytes>) -> NewRecord {
    NewRecord::new(partition.topic.clone()).partition(partition.partition).value(value)
}

async fn publish(broker: &Broker, records: Vec<NewRecord>) -> Vec<Result<Placed, PublishError>> {
    within(broker.publish(records)).await
}

async fn fill(broker: &Broker, partition: &TopicPartition, numbers: std::ops::Range<u32>) {
    let records = numbers.map(|n| record(partition, n.to_string())).collect();
    for ack in publish(broker, records).await {
        ack.unwrap();
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("an answer in time")
}

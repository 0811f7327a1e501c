//! What tests of groups have in common.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::time::Duration;

use tidegate::broker::{
    Broker, CommitEntry, CommitError, Committed, Consumer, GroupEvent, NewTopic, Subscription,
};
use tidegate::message::{NewRecord, Offset, Partition, TopicName, TopicPartition};

pub(crate) fn topic() -> TopicName {
    TopicName::new("orders").unwrap()
}

pub(crate) fn place(partition: u32) -> TopicPartition {
    TopicPartition::new(topic(), Partition(partition))
}

pub(crate) fn numbered(partition: u32, n: u32) -> NewRecord {
    NewRecord::new(topic()).partition(Partition(partition)).value(n.to_string())
}

pub(crate) async fn create(broker: &Broker, partitions: u32) {
    broker.create_topics(vec![NewTopic::new(topic(), partitions)]).await.remove(0).unwrap();
}

pub(crate) async fn broker_with(partitions: u32) -> Broker {
    let broker = Broker::in_memory();
    create(&broker, partitions).await;
    broker
}

pub(crate) async fn publish(broker: &Broker, records: impl IntoIterator<Item = NewRecord>) {
    let acks = broker.publish(records.into_iter().collect()).await;
    assert!(acks.iter().all(Result::is_ok), "{acks:?}");
}

pub(crate) fn subscription() -> Subscription {
    Subscription::new("tests", vec![topic()])
}

pub(crate) async fn subscribe(broker: &Broker) -> Box<dyn Consumer> {
    broker.subscribe(subscription()).await.unwrap()
}

pub(crate) async fn assigned(member: &mut Box<dyn Consumer>) -> Vec<TopicPartition> {
    let GroupEvent::Assigned(got) = member.poll().await else { panic!("not assigned") };
    got.into_iter().map(|assignment| assignment.partition).collect()
}

pub(crate) fn entry(partition: &TopicPartition, offset: u64) -> CommitEntry {
    let committed = Committed { offset: Offset(offset), metadata: String::new() };
    CommitEntry { partition: partition.clone(), committed }
}

pub(crate) async fn commit(
    member: &mut Box<dyn Consumer>,
    partition: &TopicPartition,
    offset: u64,
) -> Result<(), CommitError> {
    member.commit(vec![entry(partition, offset)]).await.remove(0)
}

/// The numbers of the next records, in the order of delivery.
pub(crate) async fn values(member: &mut Box<dyn Consumer>, count: usize) -> Vec<u32> {
    let mut values = Vec::new();
    while values.len() < count {
        let event = member.poll().await;
        let GroupEvent::Records { records, .. } = event else { panic!("not records: {event:?}") };
        let number = |value: &[u8]| std::str::from_utf8(value).unwrap().parse().unwrap();
        values.extend(records.iter().map(|r| -> u32 { number(r.value.as_ref().unwrap()) }));
    }
    values
}

/// In virtual time: the clock moves on only when nothing is left to do.
pub(crate) async fn says_nothing(member: &mut Box<dyn Consumer>) {
    let waited = tokio::time::timeout(Duration::from_secs(10), member.poll()).await;
    assert!(waited.is_err(), "unexpected: {waited:?}");
}

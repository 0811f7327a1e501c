//! The embedded log as a log: what is published is read back, also after it was opened again.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use bytes::Bytes;
use tidegate::broker::{Broker, BrokerError, FetchLimit, NewTopic, PublishError};
use tidegate::headers::Header;
use tidegate::message::{NewRecord, Offset, Partition, Timestamp, TopicName, TopicPartition};

fn topic() -> TopicName {
    TopicName::new("orders").unwrap()
}

fn place(partition: u32) -> TopicPartition {
    TopicPartition::new(topic(), Partition(partition))
}

async fn create(broker: &Broker, partitions: u32) {
    broker.create_topics(vec![NewTopic::new(topic(), partitions)]).await.remove(0).unwrap();
}

fn numbered(n: u64) -> NewRecord {
    NewRecord::new(topic()).partition(Partition(0)).value(n.to_string())
}

async fn publish(broker: &Broker, records: Vec<NewRecord>) -> Vec<Offset> {
    let acks = broker.publish(records).await;
    acks.into_iter().map(|ack| ack.unwrap().offset).collect()
}

async fn values(broker: &Broker, from: u64, limit: FetchLimit) -> Vec<String> {
    let fetched = broker.fetch(place(0), Offset(from), limit).await.unwrap();
    let text = |v: &Option<Bytes>| String::from_utf8(v.clone().unwrap().to_vec()).unwrap();
    fetched.records.iter().map(|r| text(&r.value)).collect()
}

#[tokio::test]
async fn what_is_published_is_read_back_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::embedded(folder.path()).unwrap();
    create(&broker, 2).await;
    let mut record = NewRecord::new(topic()).key("").partition(Partition(1));
    record.headers.push("b", "1");
    record.headers.push_raw(Header { name: "a".into(), value: None });
    record.headers.push("b", "");
    record.timestamp = Some(Timestamp(-5));
    publish(&broker, vec![record.clone()]).await;
    let before = broker.fetch(place(1), Offset(0), FetchLimit::default()).await.unwrap();
    let cluster = broker.cluster_id().await.unwrap();
    broker.close().await;

    let broker = Broker::embedded(folder.path()).unwrap();
    let after = broker.fetch(place(1), Offset(0), FetchLimit::default()).await.unwrap();
    assert_eq!(after.records, before.records);
    let read = &after.records[0];
    assert_eq!((&read.key, &read.value), (&record.key, &None));
    assert_eq!((&read.headers, read.timestamp), (&record.headers, Timestamp(-5)));
    assert_eq!(after.next, Offset(1));
    assert_eq!(broker.cluster_id().await.unwrap(), cluster);
    assert_eq!(broker.topics().await.unwrap()[0].partitions, 2);
}

#[tokio::test]
async fn reads_of_memory_and_of_the_file_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::embedded(folder.path()).unwrap();
    create(&broker, 1).await;
    for n in 0..20 {
        publish(&broker, vec![numbered(2 * n), numbered(2 * n + 1)]).await;
    }
    let limit = FetchLimit { records: 7, ..FetchLimit::default() };
    let from_memory = values(&broker, 9, limit).await;
    broker.close().await;
    let broker = Broker::embedded(folder.path()).unwrap();
    assert_eq!(values(&broker, 9, limit).await, from_memory);
    assert_eq!(from_memory, ["9", "10", "11", "12", "13", "14", "15"]);
    let all = FetchLimit { records: 100, ..limit };
    assert_eq!(values(&broker, 0, all).await.len(), 40);
    let tiny = FetchLimit { bytes: 0, ..limit };
    assert_eq!(values(&broker, 39, tiny).await, ["39"]);
}

#[tokio::test]
async fn a_fetch_at_the_end_waits_for_what_comes() {
    let broker = Broker::in_memory();
    create(&broker, 1).await;
    let limit = FetchLimit { wait: Duration::from_secs(60), ..FetchLimit::default() };
    let (fetched, _) = tokio::join!(broker.fetch(place(0), Offset(0), limit), async {
        tokio::task::yield_now().await;
        publish(&broker, vec![numbered(1)]).await
    });
    assert_eq!(fetched.unwrap().records.len(), 1);
}

#[tokio::test]
async fn a_read_outside_of_the_log_is_an_error() {
    let broker = Broker::in_memory();
    create(&broker, 1).await;
    publish(&broker, vec![numbered(0)]).await;
    let beyond = broker.fetch(place(0), Offset(2), FetchLimit::default()).await;
    assert!(matches!(beyond, Err(BrokerError::OutOfRange { end: Offset(1), .. })));
    let none = broker.fetch(place(9), Offset(0), FetchLimit::default()).await;
    assert!(matches!(none, Err(BrokerError::UnknownPartition(_))));
}

#[tokio::test]
async fn each_record_of_a_call_gets_its_own_answer() {
    let broker = Broker::in_memory();
    let mut small = NewTopic::new(topic(), 1);
    small.max_message_bytes = Some(10);
    broker.create_topics(vec![small]).await.remove(0).unwrap();
    let unknown = NewRecord::new(TopicName::new("nowhere").unwrap());
    let large = NewRecord::new(topic()).value("01234567890");
    let astray = NewRecord::new(topic()).partition(Partition(7));
    let acks = broker.publish(vec![numbered(0), unknown, large, astray, numbered(1)]).await;
    assert_eq!(acks[0].as_ref().unwrap().offset, Offset(0));
    assert!(matches!(acks[1], Err(PublishError::UnknownTopic(_))));
    assert!(matches!(acks[2], Err(PublishError::TooLarge { size: 11, limit: 10, .. })));
    assert!(matches!(acks[3], Err(PublishError::UnknownPartition(_))));
    assert_eq!(acks[4].as_ref().unwrap().offset, Offset(1));
}

#[tokio::test]
async fn offsets_are_never_given_twice() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::embedded(folder.path()).unwrap();
    create(&broker, 1).await;
    publish(&broker, (0..5).map(numbered).collect()).await;
    assert_eq!(broker.delete_records(place(0), Offset(5)).await.unwrap(), Offset(5));
    broker.close().await;
    let broker = Broker::embedded(folder.path()).unwrap();
    let bounds = broker.watermarks(place(0)).await.unwrap();
    assert_eq!((bounds.start, bounds.end), (Offset(5), Offset(5)));
    assert_eq!(publish(&broker, vec![numbered(5)]).await, [Offset(5)]);
}

//! Real log compaction: most offsets of a partition are gone, and what is left is read and committed over the gaps.

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use tidegate::broker::Broker;
use tidegate::message::{NewRecord, Record};

use crate::notes::{Notes, Running, numbered};
use crate::support::{
    all, caught_up, commit, committed, member, name, place, plain, publish, read, shared,
    subscription, until,
};

const TOPIC: &str = "compacted";

/// So many events, of which the cleaner keeps the newest of each key.
const COUNT: u32 = 140;

/// So many keys have the numbered events.
const KEYS: usize = 7;

/// A topic whose cleaner waits for nothing, with a segment that ends as soon as it can.
async fn create_compacted(address: &str) {
    let admin: AdminClient<DefaultClientContext> = plain(address).create().unwrap();
    let topic = NewTopic::new(TOPIC, 1, TopicReplication::Fixed(1))
        .set("cleanup.policy", "compact")
        .set("min.cleanable.dirty.ratio", "0.001")
        .set("delete.retention.ms", "0")
        .set("segment.ms", "100");
    admin.create_topics([&topic], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
}

/// Writes on, as only a segment that has ended is cleaned, until the newest event of each key is left.
async fn cleaned(broker: &Broker) -> Vec<u64> {
    let mut left = Vec::new();
    until("the cleaner has run", async || {
        let more = NewRecord::new(name(TOPIC)).key("rolls").header("event_type", "rolls");
        publish(broker, vec![more.value("on")]).await;
        left = events(&all(broker, &place(TOPIC, 0)).await);
        left.len() == KEYS
    })
    .await;
    left
}

/// The offsets of what is no record that rolls.
fn events(records: &[Record]) -> Vec<u64> {
    let events = records.iter().filter(|record| record.key.as_deref() != Some(b"rolls"));
    events.map(|record| record.offset.0).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_a_compacted_log_is_read_and_committed_over_its_gaps() {
    let (kafka, broker) = shared();
    create_compacted(kafka.address()).await;
    publish(&broker, (0..COUNT).map(|n| numbered(TOPIC, n)).collect()).await;
    let left = cleaned(&broker).await;
    assert_eq!(left, (u64::from(COUNT) - KEYS as u64..u64::from(COUNT)).collect::<Vec<_>>());

    // A committed offset that is not there any more is none out of range: what follows is read.
    let mut first = member(&broker, subscription("gaps", TOPIC), 1).await;
    assert_eq!(events(&read(first.as_mut(), KEYS).await), left);
    commit(first.as_mut(), &place(TOPIC, 0), 3).await;
    first.close().await;
    let mut second = member(&broker, subscription("gaps", TOPIC), 1).await;
    assert_eq!(events(&read(second.as_mut(), KEYS).await), left);
    second.close().await;

    let notes = Notes::new().await;
    let service = Running::start(notes.service(&broker, "gaps", TOPIC));
    notes.reach(KEYS as u32).await;
    caught_up(&broker, "gaps", TOPIC).await;
    service.stop().await;
    let end = broker.watermarks(place(TOPIC, 0)).await.unwrap().end;
    assert_eq!(committed(&broker, "gaps", &place(TOPIC, 0)).await.unwrap().offset, end);
    let noted = notes.by_key().await;
    assert!(
        noted.values().all(|n| *n == [COUNT / KEYS as u32 - 1]),
        "the newest of each key: {noted:?}"
    );
}

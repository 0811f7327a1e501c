//! A queue of the client for each partition (decision 13): what is read of many, of few, and of one that stands still.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tidegate::broker::{Broker, Consumer};
use tidegate::message::{NewRecord, Partition, Record, TopicPartition};

use crate::support::{create, member, name, place, publish, read, shared, subscription};

fn record(topic: &str, partition: u32, value: Option<&'static [u8]>) -> NewRecord {
    let mut record = NewRecord::new(name(topic));
    record.partition = Some(Partition(partition));
    record.value = value.map(Bytes::from_static);
    record
}

async fn publish_many(broker: &Broker, records: impl Iterator<Item = NewRecord>) {
    let records: Vec<_> = records.collect();
    for some in records.chunks(5_000) {
        publish(broker, some.to_vec()).await;
    }
}

/// Each partition from its first record to its last, in order, none twice.
fn assert_whole(records: &[Record], counts: &BTreeMap<u32, u64>) {
    let mut next = BTreeMap::new();
    for record in records {
        let next = next.entry(record.partition.0).or_insert(0);
        assert_eq!(record.offset.0, *next, "{:?}", record.partition);
        *next += 1;
    }
    assert_eq!(next, *counts);
}

async fn whole(topic: &str, counts: BTreeMap<u32, u64>, value: fn(u64) -> Option<&'static [u8]>) {
    let (_, broker) = shared();
    create(&broker, topic, counts.len() as u32).await;
    let all = counts.iter().flat_map(|(partition, count)| {
        (0..*count).map(move |n| record(topic, *partition, value(n)))
    });
    publish_many(&broker, all).await;
    let mut member = member(&broker, subscription(topic, topic), counts.len()).await;
    let total: u64 = counts.values().sum();
    let records = read(member.as_mut(), total as usize).await;
    assert_whole(&records, &counts);
    member.close().await;
}

/// One answer of the broker fills the queue of the busy one, and holds nothing of the others.
#[tokio::test(flavor = "multi_thread")]
async fn a_busy_partition_among_many_idle_ones_is_read_whole() {
    let counts = (0..32).map(|p| (p, if p == 7 { 40_000 } else { 1 })).collect();
    whole("queues-busy", counts, |_| Some(&[7; 300])).await;
}

/// Small values and none at all fill a queue by their number.
#[tokio::test(flavor = "multi_thread")]
async fn small_values_and_tombstones_of_many_partitions_are_read_whole() {
    let counts = (0..64).map(|p| (p, 600)).collect();
    let value = |n| if n % 3 == 0 { None } else { Some(&[7; 20][..]) };
    whole("queues-small", counts, value).await;
}

/// Reads what is published meanwhile to the other partition, for so long.
async fn flow(broker: &Broker, member: &mut dyn Consumer, at: &TopicPartition, lasting: Duration) {
    let (began, mut count) = (Instant::now(), 0);
    while began.elapsed() < lasting {
        let some = (0..100).map(|_| record(at.topic.as_str(), at.partition.0, Some(b"flows")));
        publish(broker, some.collect()).await;
        let records = read(member, 100).await;
        assert!(records.iter().all(|r| r.partition == at.partition), "{at} alone is delivered");
        assert_eq!(records[0].offset.0, count);
        count += 100;
    }
}

/// I6: its buffer stays full, so that the client lets go of what it read ahead after a second. It is all read again.
#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_stands_still_beside_one_that_flows_goes_on_where_it_was() {
    let (topic, still) = ("queues-still", place("queues-still", 0));
    let (_, broker) = shared();
    create(&broker, topic, 2).await;
    publish_many(&broker, (0..20_000).map(|_| record(topic, 0, Some(&[7; 500])))).await;
    let mut member = member(&broker, subscription(topic, topic), 2).await;
    member.pause(std::slice::from_ref(&still));
    flow(&broker, member.as_mut(), &place(topic, 1), Duration::from_secs(3)).await;
    member.resume(std::slice::from_ref(&still));
    let records = read(member.as_mut(), 20_000).await;
    assert_whole(&records, &BTreeMap::from([(0, 20_000)]));
    member.close().await;
}

/// The same with nothing beside it that wakes anybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_stands_still_alone_goes_on_where_it_was() {
    let (topic, still) = ("queues-alone", place("queues-alone", 0));
    let (_, broker) = shared();
    create(&broker, topic, 1).await;
    publish_many(&broker, (0..20_000).map(|_| record(topic, 0, Some(&[7; 500])))).await;
    let mut member = member(&broker, subscription(topic, topic), 1).await;
    member.pause(std::slice::from_ref(&still));
    // What is looked at is this time itself: nothing may be delivered in it.
    let silence = tokio::time::timeout(Duration::from_secs(3), member.poll()).await;
    assert!(silence.is_err(), "{silence:?}");
    member.resume(std::slice::from_ref(&still));
    let records = read(member.as_mut(), 20_000).await;
    assert_whole(&records, &BTreeMap::from([(0, 20_000)]));
    member.close().await;
}

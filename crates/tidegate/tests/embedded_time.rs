//! The embedded log over time: offsets for a time, deletion, damage, order.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod members;

use members::{assigned, numbered, place, publish, topic, values};
use proptest::prelude::*;
use tidegate::broker::{AdminError, Broker, BrokerError, FetchLimit, NewTopic, Subscription};
use tidegate::message::{NewRecord, Offset, Timestamp};

fn at(time: i64) -> NewRecord {
    let mut record = numbered(0, 0);
    record.timestamp = Some(Timestamp(time));
    record
}

async fn offset_for(broker: &Broker, time: i64) -> Option<u64> {
    let found = broker.offset_for_time(place(0), Timestamp(time)).await.unwrap();
    found.map(|offset| offset.0)
}

/// What the contract says, without an index: the first record in offset order.
fn first_at_or_after(times: &[(u64, i64)], time: i64) -> Option<u64> {
    times.iter().find(|(_, at)| *at >= time).map(|(offset, _)| *offset)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_offset_for_a_time_is_the_first_at_or_after_it(
        batches in prop::collection::vec(prop::collection::vec(-20_i64..20, 1..4), 0..12),
        deleted in 0_usize..40,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let broker = members::broker_with(1).await;
            for batch in &batches {
                publish(&broker, batch.iter().copied().map(at)).await;
            }
            let times: Vec<_> = (0..).zip(batches.concat()).collect();
            let deleted = deleted.min(times.len());
            broker.delete_records(place(0), Offset(deleted as u64)).await.unwrap();
            for time in -21..21 {
                let expected = first_at_or_after(&times[deleted..], time);
                assert_eq!(offset_for(&broker, time).await, expected, "time {time}");
            }
        });
    }
}

#[tokio::test]
async fn a_record_without_a_time_gets_the_brokers() {
    let broker = members::broker_with(1).await;
    publish(&broker, [numbered(0, 0)]).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let read = broker.fetch(place(0), Offset(0), FetchLimit::default()).await.unwrap();
    let age = now.as_millis() as i64 - read.records[0].timestamp.0;
    assert!((0..600_000).contains(&age), "{age}");
}

#[tokio::test]
async fn deleted_records_cannot_be_read_and_the_others_can() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::embedded(folder.path()).unwrap();
    members::create(&broker, 1).await;
    publish(&broker, (0..10).map(|n| numbered(0, n))).await;
    publish(&broker, (10..20).map(|n| numbered(0, n))).await;
    for before in [5, 10, 14, 3] {
        let start = broker.delete_records(place(0), Offset(before)).await.unwrap();
        assert_eq!(start, Offset(before.max(if before == 3 { 14 } else { 0 })));
    }
    let beyond = broker.delete_records(place(0), Offset(21)).await;
    assert!(matches!(beyond, Err(AdminError::Broker(BrokerError::OutOfRange { .. }))));
    broker.close().await;
    let broker = Broker::embedded(folder.path()).unwrap();
    let gone = broker.fetch(place(0), Offset(13), FetchLimit::default()).await;
    assert!(matches!(gone, Err(BrokerError::OutOfRange { start: Offset(14), .. })));
    let read = broker.fetch(place(0), Offset(14), FetchLimit::default()).await.unwrap();
    let offsets: Vec<_> = read.records.iter().map(|r| r.offset.0).collect();
    assert_eq!(offsets, (14..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn damage_is_found_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::embedded(folder.path()).unwrap();
    members::create(&broker, 1).await;
    publish(&broker, [NewRecord::new(topic()).value("a needle in the file")]).await;
    broker.close().await;
    let path = folder.path().join("log.redb");
    let mut bytes = std::fs::read(&path).unwrap();
    let needle = b"needle";
    let places: Vec<_> = (0..bytes.len() - 6).filter(|at| &bytes[*at..*at + 6] == needle).collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|at| bytes[at] = b'N');
    std::fs::write(&path, bytes).unwrap();

    let broker = Broker::embedded(folder.path()).unwrap();
    let read = broker.fetch(place(0), Offset(0), FetchLimit::default()).await;
    let Err(BrokerError::Corrupt { partition, offset, reason }) = read else { panic!("{read:?}") };
    assert_eq!((partition, offset), (place(0), Offset(0)));
    assert!(reason.contains("checksum"), "{reason}");
}

#[tokio::test]
async fn topics_that_cannot_be_created_are_refused_one_by_one() {
    let broker = Broker::in_memory();
    let topics = vec![
        NewTopic::new(topic(), 2),
        NewTopic::new(topic(), 3),
        NewTopic::new("none".try_into().unwrap(), 0),
    ];
    let results = broker.create_topics(topics).await;
    assert_eq!(results[0], Ok(()));
    assert_eq!(results[1], Err(AdminError::TopicExists(topic())));
    assert!(matches!(results[2], Err(AdminError::InvalidTopic { .. })));
    assert_eq!(broker.topics().await.unwrap()[0].partitions, 2);
}

/// Order within a partition: calls of one task, and the records of a call, whatever the keys are.
#[tokio::test]
async fn publishes_in_flight_keep_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::embedded(folder.path()).unwrap();
    members::create(&broker, 2).await;
    let batch = |n: u32| [numbered(0, 2 * n), numbered(1, n), numbered(0, 2 * n + 1)].into();
    let flying: Vec<_> = (0..500).map(|n| broker.publish(batch(n))).collect();
    for acks in flying {
        assert!(acks.await.iter().all(Result::is_ok));
    }
    let mut how = Subscription::new("order", vec![topic()]);
    how.max_poll_records = 64;
    let mut member = broker.subscribe(how).await.unwrap();
    assigned(&mut member).await;
    member.start(&place(0), Offset(0));
    assert_eq!(values(&mut member, 1_000).await, (0..1_000).collect::<Vec<_>>());
}

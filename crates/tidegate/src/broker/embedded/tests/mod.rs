//! The log over a disk that fails, with gaps, and as it makes room.

#[cfg(feature = "testing")]
mod compaction;
mod disk;
mod gaps;
#[cfg(feature = "testing")]
mod retention;

use std::sync::atomic::Ordering;

use futures_util::FutureExt;

use self::disk::Disk;
use super::store::SharedBackend;
use super::{EmbeddedBroker, EmbeddedOptions};
use crate::broker::{
    BrokerDriver, BrokerError, FetchLimit, Fetched, GroupEvent, NewTopic, Placed, PublishError,
    Subscription,
};
use crate::message::{NewRecord, Offset, Partition, TopicName, TopicPartition};

fn topic() -> TopicName {
    TopicName::new("orders").unwrap()
}

fn place() -> TopicPartition {
    TopicPartition::new(topic(), Partition(0))
}

async fn log(disk: &Disk, options: &EmbeddedOptions) -> EmbeddedBroker {
    let log = EmbeddedBroker::over(SharedBackend::new(disk.clone()), options).unwrap();
    log.create_topics(vec![NewTopic::new(topic(), 1)]).await.remove(0).unwrap();
    log
}

/// No tail: reads go to the disk.
fn options() -> EmbeddedOptions {
    EmbeddedOptions::new("storage").tail_bytes(0).cache_bytes(0)
}

async fn publish(log: &EmbeddedBroker, bytes: usize) -> Result<Placed, PublishError> {
    log.publish(vec![NewRecord::new(topic()).value(vec![7; bytes])]).await.remove(0)
}

async fn fetch(log: &EmbeddedBroker, from: u64) -> Result<Fetched, BrokerError> {
    log.fetch(place(), Offset(from), FetchLimit::default()).await
}

/// Publishes until the disk is full; answers with how many were acknowledged.
async fn fill(log: &EmbeddedBroker, disk: &Disk) -> (u64, PublishError) {
    disk.fill();
    for n in 1.. {
        if let Err(error) = publish(log, 100_000).await {
            return (n, error);
        }
    }
    unreachable!("a disk is not endless")
}

#[tokio::test]
async fn a_full_disk_refuses_writes_serves_reads_and_recovers() {
    let disk = Disk::default();
    let log = log(&disk, &options()).await;
    publish(&log, 10).await.unwrap();
    let (end, error) = fill(&log, &disk).await;
    assert!(matches!(error, PublishError::Unavailable(_)), "{error:?}");

    let read = fetch(&log, 0).await.unwrap();
    assert_eq!((read.records.len() as u64, read.watermarks.end), (end, Offset(end)));
    assert!(publish(&log, 100_000).await.is_err(), "still full");

    disk.make_room();
    let placed = publish(&log, 100_000).await.unwrap();
    assert_eq!(placed.offset, Offset(end), "a refused record takes no offset");
    assert_eq!(fetch(&log, end).await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn health_says_that_writing_fails_and_finds_out_when_it_works_again() {
    let disk = Disk::default();
    let log = log(&disk, &options()).await;
    assert_eq!(log.health().await, Ok(()));
    disk.no_sync.store(true, Ordering::SeqCst);
    publish(&log, 10).await.unwrap_err();
    assert!(matches!(log.health().await, Err(BrokerError::Unavailable(_))));
    disk.no_sync.store(false, Ordering::SeqCst);
    assert_eq!(log.health().await, Ok(()), "nobody published in between");
}

#[tokio::test]
async fn topics_without_a_limit_get_the_options() {
    let log = log(&Disk::default(), &options().max_message_bytes(100)).await;
    let error = publish(&log, 101).await.unwrap_err();
    assert!(matches!(error, PublishError::TooLarge { limit: 100, .. }));
    assert_eq!(log.topics().await.unwrap()[0].max_message_bytes, 100);
}

/// Fault F16: very many headers.
#[tokio::test]
async fn empty_headers_count_against_the_limit() {
    let log = log(&Disk::default(), &options().max_message_bytes(1_000)).await;
    let mut record = NewRecord::new(topic());
    (0..126).for_each(|_| record.headers.push("", ""));
    let error = log.publish(vec![record]).await.remove(0).unwrap_err();
    assert!(matches!(error, PublishError::TooLarge { limit: 1_000, .. }), "{error:?}");
}

#[tokio::test]
async fn what_was_acknowledged_before_the_disk_was_full_is_there_after_a_restart() {
    let disk = Disk::default();
    let first = log(&disk, &options()).await;
    publish(&first, 10).await.unwrap();
    let (end, _) = fill(&first, &disk).await;
    drop(first);
    disk.make_room();
    let again = EmbeddedBroker::over(SharedBackend::new(disk), &options()).unwrap();
    assert_eq!(fetch(&again, 0).await.unwrap().records.len() as u64, end);
}

/// The fate of a write whose fsync failed is not known while the disk does not answer: the answer
/// says so. Whether it is there is seen later; the offsets are right in both cases.
#[tokio::test]
async fn a_failed_fsync_is_never_taken_for_nothing_written() {
    let disk = Disk::default();
    let log = log(&disk, &options()).await;
    disk.no_sync.store(true, Ordering::SeqCst);
    let error = publish(&log, 10).await.unwrap_err();
    assert!(error.is_unknown(), "{error:?}");
    let second = publish(&log, 10).await.unwrap_err();
    assert!(!second.is_unknown(), "not even begun: {second:?}");
    disk.no_sync.store(false, Ordering::SeqCst);
    let next = publish(&log, 20).await.unwrap();
    let records = fetch(&log, 0).await.unwrap().records;
    assert_eq!(records.len() as u64, next.offset.0 + 1);
    assert_eq!(records.last().unwrap().offset, next.offset);
}

#[tokio::test]
async fn a_disk_that_cannot_be_read_for_a_while_harms_nothing() {
    let disk = Disk::default();
    let log = log(&disk, &options()).await;
    publish(&log, 10).await.unwrap();
    disk.no_read.store(true, Ordering::SeqCst);
    assert!(matches!(fetch(&log, 0).await, Err(BrokerError::Unavailable(_))));
    disk.no_read.store(false, Ordering::SeqCst);
    assert_eq!(fetch(&log, 0).await.unwrap().records.len(), 1);
    publish(&log, 10).await.unwrap();
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_only_what_does_not_fit() {
    let options = options().queue_records(3);
    let log = log(&Disk::default(), &options).await;
    let records = vec![NewRecord::new(topic()).value("x"); 5];
    let acks = log.publish(records).await;
    assert!(acks[..3].iter().all(Result::is_ok));
    assert_eq!(acks[3..], [Err(PublishError::QueueFull), Err(PublishError::QueueFull)]);
    publish(&log, 1).await.unwrap();
}

/// Rule 14: a driver that is busy with answers drops the future of `poll` each time that one comes.
#[tokio::test]
async fn polls_that_are_dropped_do_not_begin_anew_what_the_first_one_began() {
    let disk = Disk::default();
    let log = log(&disk, &options().queue_records(10)).await;
    let mut member = log.subscribe(Subscription::new("g", vec![topic()])).await.unwrap();
    let busy = disk.busy.lock().unwrap();
    let first = log.publish(vec![NewRecord::new(topic())]);
    for _ in 0..100 {
        assert!(member.poll().now_or_never().is_none());
    }
    let second = log.publish(vec![NewRecord::new(topic())]);
    drop(busy);
    assert!(first.await[0].is_ok());
    assert!(second.await[0].is_ok(), "the write queue was not filled with questions");
    assert!(matches!(member.poll().await, GroupEvent::Assigned(_)));
}

#[tokio::test]
async fn close_writes_what_is_queued_and_refuses_what_comes_later() {
    let log = log(&Disk::default(), &options()).await;
    let queued = log.publish(vec![NewRecord::new(topic()).value("x"); 100]);
    log.close().await;
    assert!(queued.await.iter().all(Result::is_ok));
    assert_eq!(publish(&log, 1).await, Err(PublishError::Closed));
    assert_eq!(fetch(&log, 0).await.err(), Some(BrokerError::Closed));
    assert_eq!(log.health().await, Err(BrokerError::Closed));
    assert_eq!(log.topics().await, Err(BrokerError::Closed));
}

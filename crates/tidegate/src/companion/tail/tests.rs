//! Restored from the start, and followed.

use futures_util::FutureExt;

use super::*;
use crate::broker::NewTopic;
use crate::broker::embedded::EmbeddedBroker;
use crate::message::{NewRecord, TopicName};

fn place() -> TopicPartition {
    TopicPartition::new(TopicName::new("orders.shop.retry").unwrap(), Partition(0))
}

async fn create(log: &EmbeddedBroker) {
    let topic = NewTopic::new(place().topic, 1).compacted();
    Broker::new(log.clone()).create_topics(vec![topic]).await.remove(0).unwrap();
}

async fn log() -> EmbeddedBroker {
    let log = EmbeddedBroker::in_memory();
    create(&log).await;
    log
}

fn tail(log: &EmbeddedBroker) -> Tail {
    Tail::new(Broker::new(log.clone()), place())
}

async fn publish(log: &EmbeddedBroker, count: usize) {
    let record = NewRecord::new(place().topic).key("k").value("v");
    let acks = Broker::new(log.clone()).publish(vec![record; count]).await;
    assert!(acks.iter().all(Result::is_ok));
}

async fn delete_before(log: &EmbeddedBroker, before: u64) {
    Broker::new(log.clone()).delete_records(place(), Offset(before)).await.unwrap();
}

/// Offsets, where the next begins, and whether it has caught up.
async fn next(tail: &mut Tail) -> (Vec<u64>, u64, bool) {
    let chunk = tail.next().await.unwrap();
    let offsets = chunk.records.iter().map(|record| record.offset.0).collect();
    (offsets, chunk.next.0, chunk.caught_up)
}

#[tokio::test]
async fn an_empty_partition_is_caught_up_at_once_and_then_followed() {
    let log = log().await;
    let mut tail = tail(&log);
    assert_eq!(next(&mut tail).await, (vec![], 0, true));
    assert!(tail.next().now_or_never().is_none(), "waits");
    let (chunk, ()) = tokio::join!(next(&mut tail), publish(&log, 1));
    assert_eq!(chunk, (vec![0], 1, true));
    publish(&log, 2).await;
    assert_eq!(next(&mut tail).await, (vec![1, 2], 3, true));
}

#[tokio::test]
async fn what_was_emptied_begins_where_it_ends() {
    let log = log().await;
    publish(&log, 3).await;
    delete_before(&log, 3).await;
    let mut tail = tail(&log);
    assert_eq!(next(&mut tail).await, (vec![], 3, true));
    publish(&log, 1).await;
    assert_eq!(next(&mut tail).await, (vec![3], 4, true));
}

#[tokio::test]
async fn gaps_are_passed_and_one_at_the_end_is_no_end_without_end() {
    let log = log().await;
    log.skip_offsets(&place(), 5).await.unwrap();
    publish(&log, 1).await;
    log.skip_offsets(&place(), 10).await.unwrap();
    publish(&log, 1).await;
    log.skip_offsets(&place(), 10).await.unwrap();
    let mut first = tail(&log);
    assert_eq!(next(&mut first).await, (vec![5, 16], 27, true));

    delete_before(&log, 17).await;
    let mut gap_only = tail(&log);
    assert_eq!(next(&mut gap_only).await, (vec![], 27, true));
    publish(&log, 1).await;
    assert_eq!(next(&mut gap_only).await, (vec![27], 28, true));
    assert_eq!(next(&mut first).await, (vec![27], 28, true));
}

#[tokio::test]
async fn a_long_log_comes_in_chunks_and_what_is_new_meanwhile_too() {
    let log = log().await;
    publish(&log, RESTORE.records + 10).await;
    let mut tail = tail(&log);
    let (offsets, behind, caught_up) = next(&mut tail).await;
    let read = RESTORE.records as u64;
    assert_eq!((offsets.len() as u64, behind, caught_up), (read, read, false));
    publish(&log, 1).await;
    let (offsets, behind, caught_up) = next(&mut tail).await;
    assert_eq!((offsets.len(), behind, caught_up), (11, read + 11, true));
}

#[tokio::test]
async fn a_new_tail_reads_all_of_it_again() {
    let log = log().await;
    publish(&log, 3).await;
    let mut before = tail(&log);
    next(&mut before).await;
    drop(before);
    publish(&log, 1).await;
    assert_eq!(next(&mut tail(&log)).await, (vec![0, 1, 2, 3], 4, true));
}

#[tokio::test]
async fn a_call_that_is_dropped_loses_nothing() {
    let log = log().await;
    let mut tail = tail(&log);
    next(&mut tail).await;
    for n in 0..3 {
        assert!(tail.next().now_or_never().is_none());
        publish(&log, 1).await;
        assert_eq!(next(&mut tail).await, (vec![n], n + 1, true));
    }
}

#[tokio::test]
async fn a_start_that_has_moved_past_it_is_where_it_goes_on() {
    let log = log().await;
    publish(&log, 1).await;
    let mut following = tail(&log);
    next(&mut following).await;
    publish(&log, RESTORE.records + 10).await;
    let end = RESTORE.records as u64 + 11;
    let mut restoring = tail(&log);
    assert!(!restoring.next().await.unwrap().caught_up);
    delete_before(&log, end - 3).await;
    let left = (vec![end - 3, end - 2, end - 1], end, true);
    assert_eq!(next(&mut restoring).await, left);
    assert_eq!(next(&mut following).await, left);
}

/// What was to be restored is gone: that is said once, without records.
#[tokio::test]
async fn a_start_that_has_moved_past_everything_is_the_end_of_restoring() {
    let log = log().await;
    publish(&log, RESTORE.records + 10).await;
    let mut tail = tail(&log);
    tail.next().await.unwrap();
    let end = RESTORE.records as u64 + 10;
    delete_before(&log, end).await;
    assert_eq!(next(&mut tail).await, (vec![], end, true));
    assert!(tail.next().now_or_never().is_none(), "waits");
}

#[tokio::test]
async fn a_log_that_ends_before_it_did_is_another_log() {
    let log = log().await;
    publish(&log, 3).await;
    let error = |held, end| {
        let (held, end) = (Offset(held), Offset(end));
        Err(TailError::MadeAnew { partition: place(), held, end })
    };
    for (at, goal, held) in [(4, 2, 4), (1, 4, 4), (3, 4, 4)] {
        let (next, goal) = (Offset(at), Offset(goal));
        let at = Some(At { next, goal, caught_up: next >= goal, stuck: false });
        let mut tail = Tail { at, ..tail(&log) };
        assert_eq!(tail.next().await, error(held, 3));
        assert_eq!(tail.at, at, "asked again, it says so again");
    }
}

#[tokio::test]
async fn after_an_error_it_goes_on_where_it_was() {
    let log = EmbeddedBroker::in_memory();
    let mut tail = tail(&log);
    let unknown = TailError::Broker(BrokerError::UnknownTopic(place().topic));
    assert_eq!(tail.next().await, Err(unknown));
    create(&log).await;
    publish(&log, 1).await;
    assert_eq!(next(&mut tail).await, (vec![0], 1, true));
    Broker::new(log.clone()).close().await;
    assert_eq!(tail.next().await, Err(TailError::Broker(BrokerError::Closed)));
    assert_eq!(tail.at.unwrap().next, Offset(1));
}

/// A log below whose end nothing can be read, and that says nothing about it.
#[test]
fn a_fetch_that_brings_nothing_and_does_not_move_is_not_repeated_at_once() {
    let at = At { next: Offset(5), goal: Offset(9), caught_up: false, stuck: false };
    assert!(at.limit().wait.is_zero());
    let watermarks = Watermarks { start: Offset(0), end: Offset(9) };
    let nothing = |next| Fetched { records: Vec::new(), next: Offset(next), watermarks };
    assert_eq!(at.after(&nothing(5)).limit().wait, FOLLOW.wait);
    assert!(at.after(&nothing(7)).limit().wait.is_zero(), "a gap");
    assert!(at.after(&nothing(5)).after(&nothing(7)).limit().wait.is_zero(), "it goes on");
    assert_eq!(At { caught_up: true, ..at }.limit().wait, FOLLOW.wait);
}

//! Retries that wait in the schedule (rules 19-23): a failing record makes room in the source, and loses nothing by it.

mod owners;

use std::sync::Arc;
use std::time::Duration;

use tidegate::broker::{FetchLimit, PublishError};
use tidegate::class::Class;
use tidegate::message::{NewRecord, Offset, Partition, TopicName, TopicPartition};
use tidegate::prelude::*;
use tidegate::testing::{Saw, TestService, TestServiceBuilder};

use crate::common::{Do, Script, committed, committed_up_to, record, scripted};
use crate::flaky::Flaky;

/// Another attempt follows in exactly an hour.
const LATER: Do = Do::Fail(Class::TransientAfter(HOUR));
const HOUR: Duration = Duration::from_secs(3600);
const COMPANION: &str = "orders.test.retry";

/// Retries wait from the first one on.
fn builder(script: &Arc<Script>, order: Order) -> TestServiceBuilder {
    let retry = Retry::exponential(HOUR, HOUR).attempts(4).in_place(0);
    let routes = Topic::json("orders").on(scripted).retry(retry).order(order);
    TestService::builder(routes.with_state(script.clone())).retry_topics("{topic}.{group}.retry")
}

/// What is left in the schedule: the newest record of each key that is no tombstone.
async fn waiting(t: &TestService) -> usize {
    let partition = TopicPartition::new(TopicName::new(COMPANION).unwrap(), Partition(0));
    let limit = FetchLimit { bytes: 64 << 20, ..FetchLimit::default() };
    let all = t.broker().fetch(partition, Offset(0), limit).await.unwrap();
    let newest: std::collections::BTreeMap<_, _> =
        all.records.into_iter().map(|record| (record.key, record.value)).collect();
    newest.values().filter(|value| value.is_some()).count()
}

#[tokio::test]
async fn rule_20_a_retry_that_waits_holds_no_offset() {
    let script = Script::of(&[LATER, Do::Work]);
    let t = builder(&script, Order::Key).start().await;
    t.publish_records(vec![record("orders", "e-1", "k")]).await;
    committed_up_to(&t, 1).await;
    assert_eq!(script.attempts(), [1]);
    assert_eq!(waiting(&t).await, 1);
    t.settled().await;
    assert_eq!(script.attempts(), [1, 2]);
    assert_eq!(t.outcomes("e-1"), [Saw::Retried, Saw::Done]);
    assert_eq!(waiting(&t).await, 0, "what is settled is struck");
    t.assert_conserved();
}

#[tokio::test]
async fn attempts_and_history_survive_crashes() {
    let script = Script::of(&[LATER]);
    let mut t = builder(&script, Order::Key).start().await;
    t.publish_records(vec![record("orders", "e-1", "k")]).await;
    for attempts in 1..4 {
        t.until("tried", |_| script.calls() == attempts).await;
        committed_up_to(&t, 1).await;
        t.crash().await;
        t.advance(HOUR);
    }
    t.settled().await;
    assert_eq!(script.attempts(), [1, 2, 3, 4]);
    let letters = t.dead_letters();
    let numbers: Vec<u32> = letters[0].history.iter().map(|attempt| attempt.number).collect();
    assert_eq!((letters.len(), numbers), (1, vec![1, 2, 3, 4]));
    assert_eq!(waiting(&t).await, 0);
}

/// Those behind a failing record wait for it, across crashes; others do not.
#[tokio::test]
async fn rule_23_a_key_keeps_its_order_in_the_schedule() {
    let script = Script::of(&[LATER, Do::Work]);
    let mut t = builder(&script, Order::Key).start().await;
    let keyed = |n: u32, key: &str| record("orders", &format!("e-{n}"), key);
    t.publish_records(vec![keyed(1, "bad")]).await;
    t.until("tried", |_| script.calls() == 1).await;
    let rest = vec![keyed(2, "bad"), keyed(3, "good"), keyed(4, "bad"), keyed(5, "good")];
    t.publish_records(rest).await;
    committed_up_to(&t, 5).await;
    assert_eq!(script.seen(), ["bad", "good", "good"]);
    assert_eq!(waiting(&t).await, 3);
    t.crash().await;
    t.publish_records(vec![keyed(6, "bad")]).await;
    committed_up_to(&t, 6).await;
    assert_eq!(script.seen(), ["bad", "good", "good"]);
    t.settled().await;
    assert_eq!(script.seen()[3..], ["bad", "bad", "bad", "bad"]);
    for event in ["e-2", "e-4", "e-6"] {
        assert_eq!(t.outcomes(event), [Saw::Done], "{event} has failed never");
    }
    assert_eq!(waiting(&t).await, 0);
    t.assert_conserved();
}

#[tokio::test]
async fn rule_23_the_next_of_a_key_runs_after_a_dead_letter() {
    let script = Script::of(&[LATER, LATER, LATER, LATER, Do::Work]);
    let t = builder(&script, Order::Key).start().await;
    t.publish_records(vec![record("orders", "e-1", "k"), record("orders", "e-2", "k")]).await;
    t.settled().await;
    assert_eq!(t.outcomes("e-1").last(), Some(&Saw::Dead));
    assert_eq!(t.outcomes("e-2"), [Saw::Done]);
    assert_eq!(script.attempts(), [1, 2, 3, 4, 1]);
    assert_eq!(waiting(&t).await, 0);
    t.assert_conserved();
}

#[tokio::test]
async fn rule_23_without_a_key_nobody_waits() {
    let script = Script::of(&[LATER, Do::Work]);
    let t = builder(&script, Order::Key).start().await;
    let unkeyed = |id: &str| NewRecord { key: None, ..record("orders", id, id) };
    t.publish_records(vec![unkeyed("e-1"), unkeyed("e-2")]).await;
    committed_up_to(&t, 2).await;
    assert_eq!(script.seen(), ["e-1", "e-2"]);
    t.settled().await;
    assert_eq!(script.seen(), ["e-1", "e-2", "e-1"]);
    assert_eq!(waiting(&t).await, 0);
    t.assert_conserved();
}

#[tokio::test]
async fn under_partition_the_partition_waits_and_nothing_is_scheduled() {
    let script = Script::of(&[LATER, Do::Work]);
    let t = builder(&script, Order::Partition).start().await;
    t.publish_records(vec![record("orders", "e-1", "a"), record("orders", "e-2", "b")]).await;
    t.until("tried", |_| script.calls() == 1).await;
    assert_eq!(committed(&t).await.0, 0);
    t.settled().await;
    assert_eq!(script.seen(), ["a", "a", "b"]);
    assert_eq!(t.records(COMPANION).len(), 0);
    t.assert_conserved();
}

/// Rule 23: what waits behind a failing record is bounded by key; what is beyond it stays in the source, which pauses.
#[tokio::test]
async fn rule_23_a_key_that_is_crowded_stays_in_the_source() {
    let script = Script::of(&[LATER, Do::Work]);
    let t = builder(&script, Order::Key).start().await;
    let large = |n: u32| {
        let load = vec![b'x'; 400_000];
        record("orders", &format!("e-{n}"), "k").header("load", load)
    };
    t.publish_records((0..6).map(large).collect()).await;
    // The first and two behind it: together they are over 1 MiB with the next.
    committed_up_to(&t, 2).await;
    t.until("the rest is held", |t| t.health().snapshot().ledger.values().any(|c| c.pending > 2))
        .await;
    assert_eq!((committed(&t).await.0, script.calls()), (2, 1));
    t.settled().await;
    assert_eq!(script.attempts(), [1, 2, 1, 1, 1, 1, 1]);
    assert_eq!(waiting(&t).await, 0);
    t.assert_conserved();
}

/// Rules 4 and 20: the offset waits for the entry's acknowledgement, however long that takes.
#[tokio::test]
async fn rule_20_an_entry_that_is_not_acknowledged_holds_the_offset() {
    let (script, flaky) = (Script::of(&[LATER, Do::Work]), Flaky::new());
    let t = builder(&script, Order::Key).broker(flaky.broker()).start().await;
    flaky.break_topic(COMPANION);
    t.publish_records(vec![record("orders", "e-1", "k")]).await;
    t.until("refused", |_| flaky.refused() == 1).await;
    t.advance(Duration::from_secs(1)); // a commit was due long ago, and so is the next try
    t.until("refused again", |_| flaky.refused() == 2).await;
    assert_eq!(committed(&t).await.0, 0);
    flaky.heal();
    t.settled().await;
    assert_eq!((script.attempts(), waiting(&t).await), (vec![1, 2], 0));
    t.assert_conserved();
}

/// Nothing runs while an entry waits to be acknowledged: the one place is another key's.
#[tokio::test]
async fn rule_14_an_entry_that_is_not_acknowledged_takes_no_place_from_others() {
    let (script, flaky) = (Script::of(&[LATER, Do::Work]), Flaky::new());
    let t = builder(&script, Order::Key).concurrency(1).broker(flaky.broker()).start().await;
    flaky.break_topic(COMPANION);
    t.publish_records(vec![record("orders", "e-1", "bad"), record("orders", "e-2", "good")]).await;
    t.until("the other key ran", |_| script.calls() == 2).await;
    assert_eq!((script.seen(), committed(&t).await.0), (vec!["bad".into(), "good".into()], 0));
    flaky.heal();
    t.settled().await;
    assert_eq!((script.attempts(), waiting(&t).await), (vec![1, 1, 2], 0));
    t.assert_conserved();
}

/// Rule 5: what does not fit with its history is written without it.
#[tokio::test]
async fn rule_5_an_entry_that_is_too_large_says_less() {
    let (script, flaky) = (Script::of(&[LATER, Do::Work]), Flaky::new());
    let t = builder(&script, Order::Key).broker(flaky.broker()).start().await;
    flaky.refuse(
        COMPANION,
        vec![PublishError::TooLarge {
            topic: TopicName::new(COMPANION).unwrap(),
            size: 2,
            limit: 1,
        }],
    );
    t.publish_records(vec![record("orders", "e-1", "k")]).await;
    t.settled().await;
    assert_eq!((script.attempts(), flaky.refused()), (vec![1, 2], 1));
    t.assert_conserved();
}

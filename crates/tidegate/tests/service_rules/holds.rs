//! A key that is held for an operator when a record of it is dead-lettered (rule 23).

use std::sync::Arc;
use std::time::Duration;

use tidegate::class::Class;
use tidegate::message::{NewRecord, Offset, TopicName};
use tidegate::prelude::*;
use tidegate::retries::{RetryTopic, RetryTopicError, Waiting, Waits};
use tidegate::testing::{Saw, TestService};

use crate::common::{Do, Script, committed_up_to, record, scripted};

const COMPANION: &str = "orders.test.retry";
const DIES: Do = Do::Fail(Class::Permanent);
const HOUR: Duration = Duration::from_secs(3600);

async fn start(script: &Arc<Script>) -> TestService {
    let retry = Retry::exponential(HOUR, HOUR).attempts(2).in_place(0);
    let routes = Topic::json("orders").on(scripted).order(Order::Key).retry(retry);
    let routes = routes.after_dead_letter(AfterDeadLetter::HoldKey).with_state(script.clone());
    TestService::builder(routes).retry_topics("{topic}.{group}.retry").start().await
}

fn keyed(n: u32, key: &str) -> NewRecord {
    record("orders", &format!("e-{n}"), key)
}

fn desk(t: &TestService) -> RetryTopic {
    let name = |name| TopicName::new(name).unwrap();
    RetryTopic::new(t.broker().clone(), "test", name("orders"), name(COMPANION))
}

async fn waiting(t: &TestService) -> Vec<Waiting> {
    desk(t).waiting().await.unwrap()
}

/// Who waits for what.
fn shown(waiting: &[Waiting]) -> Vec<(u64, Waits)> {
    waiting.iter().map(|waiting| (waiting.offset.0, waiting.waits)).collect()
}

#[tokio::test]
async fn rule_23_a_key_is_held_until_an_operator_lets_it_go() {
    let script = Script::of(&[DIES, Do::Work]);
    let mut t = start(&script).await;
    t.publish_records(vec![keyed(1, "bad"), keyed(2, "bad"), keyed(3, "good")]).await;
    committed_up_to(&t, 3).await;
    t.crash().await;
    t.publish_records(vec![keyed(4, "bad"), keyed(5, "good")]).await;
    committed_up_to(&t, 5).await;
    t.restart().await;
    t.advance(HOUR * 48);
    t.publish_records(vec![keyed(6, "good")]).await;
    committed_up_to(&t, 6).await;
    assert_eq!(script.seen(), ["bad", "good", "good", "good"]);
    assert_eq!(t.outcomes("e-1"), [Saw::Dead]);
    let waits = waiting(&t).await;
    let behind = Waits::Behind;
    assert_eq!(shown(&waits), [(0, Waits::Held), (1, behind), (3, behind)]);
    let [held, parked, _] = &waits[..] else { panic!("{waits:?}") };
    assert_eq!((held.attempts, held.key.as_deref()), (1, Some(&b"bad"[..])));
    assert!(held.error.as_deref().is_some_and(|error| error.contains("permanent")), "{held:?}");
    let refused = desk(&t).release(parked, "why not").await;
    assert!(matches!(refused, Err(RetryTopicError::NotHeld { offset: Offset(1), .. })));
    desk(&t).release(held, "seen").await.unwrap();
    t.settled().await;
    assert_eq!(script.seen()[4..], ["bad", "bad"]);
    assert_eq!((t.outcomes("e-2"), t.outcomes("e-4")), (vec![Saw::Done], vec![Saw::Done]));
    assert_eq!((t.dead_letters().len(), waiting(&t).await), (1, vec![]));
    t.assert_conserved();
}

/// Also of what died in the schedule, and one after the other.
#[tokio::test]
async fn rule_23_each_dead_letter_of_a_key_holds_it_anew() {
    let script = Script::of(&[Do::Fail(Class::Transient)]);
    let t = start(&script).await;
    t.publish_records(vec![keyed(1, "bad"), keyed(2, "bad")]).await;
    for (origin, left) in [(0, 2), (1, 1)] {
        let held = loop {
            let waits = waiting(&t).await;
            match waits.first() {
                Some(first) if shown(&waits)[0] == (origin, Waits::Held) => {
                    assert_eq!((waits.len(), first.attempts), (left, 2));
                    break first.clone();
                }
                _ => t.advance(HOUR / 4),
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        desk(&t).release(&held, "seen").await.unwrap();
    }
    t.settled().await;
    assert_eq!((script.attempts(), t.dead_letters().len()), (vec![1, 2, 1, 2], 2));
    assert_eq!(waiting(&t).await, []);
    t.assert_conserved();
}

#[tokio::test]
async fn rule_23_a_record_without_a_key_holds_nothing() {
    let script = Script::of(&[DIES, Do::Work]);
    let t = start(&script).await;
    t.publish_records(vec![NewRecord { key: None, ..keyed(1, "a") }, keyed(2, "a")]).await;
    t.settled().await;
    assert_eq!((t.outcomes("e-1"), t.outcomes("e-2")), (vec![Saw::Dead], vec![Saw::Done]));
    assert_eq!(waiting(&t).await, []);
    t.assert_conserved();
}

/// An operator may also let it go while nobody is there.
#[tokio::test]
async fn a_key_is_let_go_while_the_service_is_stopped() {
    let script = Script::of(&[DIES, Do::Work]);
    let mut t = start(&script).await;
    t.publish_records(vec![keyed(1, "bad"), keyed(2, "bad")]).await;
    committed_up_to(&t, 2).await;
    t.stop().await.unwrap();
    desk(&t).release(&waiting(&t).await[0], "seen").await.unwrap();
    t.start_again().await;
    t.settled().await;
    assert_eq!((script.seen().len(), waiting(&t).await), (2, vec![]));
    t.assert_conserved();
}

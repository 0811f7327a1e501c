//! Publishing fails while a record settles: the offset waits, and nothing is lost or doubled (rules 4 and 5).

use std::sync::Arc;

use tidegate::broker::PublishError;
use tidegate::class::Class;
use tidegate::prelude::*;
use tidegate::router::IntoRouter;
use tidegate::testing::{Saw, TestService};

use crate::common::{Charged, Do, Ordered, Script, charging, committed, record, scripted};
use crate::flaky::Flaky;

async fn on(flaky: &Flaky, routes: Router) -> TestService {
    TestService::builder(routes).broker(flaky.broker()).start().await
}

async fn emitting(flaky: &Flaky, script: &Arc<Script>) -> TestService {
    on(flaky, Topic::json("orders").on(charging).with_state(script.clone())).await
}

async fn dying(flaky: &Flaky) -> TestService {
    let script = Script::of(&[Do::Fail(Class::Permanent)]);
    on(flaky, Topic::json("orders").on(scripted).with_state(script)).await
}

#[tokio::test]
async fn rule_4_the_offset_waits_until_what_is_emitted_is_acknowledged() {
    let (flaky, script) = (Flaky::new(), Script::of(&[]));
    let t = emitting(&flaky, &script).await;
    flaky.break_topic("payments");
    t.publish_record(record("orders", "e-1", "a")).await;
    t.until("stalled", |t| !t.health().readiness().is_ready() && flaky.refused() > 0).await;
    assert_eq!(committed(&t).await.0, 0);
    flaky.heal();
    t.settled().await;
    assert_eq!(script.calls(), 1, "settling is tried again, not the handler");
    assert_eq!(t.emitted::<Charged>("payments").len(), 1);
    assert!(t.health().readiness().is_ready());
    t.assert_conserved();
}

async fn emitting_two(Payload(order): Payload<Ordered>) -> (Emit<Charged>, Emit<Charged>) {
    let to = |topic| Emit::to(topic, Charged { id: order.id.clone() });
    (to("receipts"), to("payments"))
}

#[tokio::test]
async fn rule_4_what_was_acknowledged_is_not_published_again_with_the_rest() {
    let flaky = Flaky::new();
    let t = on(&flaky, Topic::json("orders").on(emitting_two).into_router()).await;
    flaky.refuse("payments", vec![PublishError::Unavailable("once".into())]);
    t.publish_record(record("orders", "e-1", "a")).await;
    t.settled().await;
    assert_eq!(flaky.refused(), 1);
    assert_eq!((t.records("receipts").len(), t.records("payments").len()), (1, 1));
    t.assert_conserved();
}

#[tokio::test]
async fn rule_5_a_dead_letter_topic_that_is_down_holds_the_record_back() {
    let flaky = Flaky::new();
    let t = dying(&flaky).await;
    flaky.break_topic("orders.test.dlq");
    t.publish_record(record("orders", "e-1", "a")).await;
    t.until("stalled", |t| !t.health().readiness().is_ready() && flaky.refused() > 0).await;
    let readiness = t.health().readiness();
    let reasons: Vec<_> = readiness.reasons().collect();
    assert!(reasons[0].contains("orders/0 is stuck at offset 0"), "{reasons:?}");
    assert_eq!(committed(&t).await.0, 0);
    flaky.heal();
    t.settled().await;
    assert_eq!(t.outcomes("e-1"), [Saw::Dead]);
    assert_eq!(t.dead_letters().len(), 1);
    t.assert_conserved();
}

#[tokio::test]
async fn rule_5_a_dead_letter_that_is_too_large_says_less_and_is_never_discarded() {
    let flaky = Flaky::new();
    let t = dying(&flaky).await;
    let topic = "orders.test.dlq".try_into().unwrap();
    let too_large = PublishError::TooLarge { topic, size: 2, limit: 1 };
    flaky.refuse("orders.test.dlq", vec![too_large.clone(), too_large]);
    t.publish_record(record("orders", "e-1", "a")).await;
    t.settled().await;
    let letter = t.dead_letters().remove(0);
    assert!(letter.pointer && letter.history.is_empty());
    assert_eq!(letter.origin.unwrap().to_string(), "orders/0/0");
    assert_eq!(t.outcomes("e-1"), [Saw::Dead]);
    t.assert_conserved();
}

#[tokio::test]
async fn rule_42_handling_an_event_twice_emits_the_same_event_twice() {
    let (flaky, script) = (Flaky::new(), Script::of(&[]));
    let mut t = emitting(&flaky, &script).await;
    t.publish_record(record("orders", "e-1", "a")).await;
    t.settled().await;
    let first = t.records("payments")[0].headers.get("event_id").cloned();
    t.publish_record(record("orders", "e-1", "a")).await;
    t.crash().await;
    t.settled().await;
    let all: Vec<_> =
        t.records("payments").iter().map(|r| r.headers.get("event_id").cloned()).collect();
    assert_eq!(all, [first.clone(), first]);
    t.assert_conserved();
}

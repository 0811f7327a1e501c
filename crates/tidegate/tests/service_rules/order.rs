//! Which records wait for which (rule 23), and for whom nothing waits.

use std::sync::Arc;

use tidegate::class::Class;
use tidegate::prelude::*;
use tidegate::testing::TestService;

use crate::common::{Do, Script, record, scripted};

async fn a_failing_record_and_one_behind_it(order: Order) -> (TestService, Arc<Script>) {
    let script = Script::of(&[Do::Fail(Class::Transient), Do::Work]);
    let routes = Topic::json("orders").on(scripted).order(order);
    let t = TestService::new(routes.with_state(script.clone())).await;
    t.publish_records(vec![record("orders", "e-1", "first"), record("orders", "e-2", "second")])
        .await;
    t.settled().await;
    t.assert_conserved();
    (t, script)
}

#[tokio::test]
async fn rule_23_under_partition_nothing_passes_a_failing_record() {
    let (_t, script) = a_failing_record_and_one_behind_it(Order::Partition).await;
    assert_eq!(script.seen(), ["first", "first", "second"]);
}

#[tokio::test]
async fn rule_23_under_none_later_records_pass_a_waiting_one() {
    let (_t, script) = a_failing_record_and_one_behind_it(Order::None).await;
    assert_eq!(script.seen(), ["first", "second", "first"]);
}

#[tokio::test]
async fn rule_1_under_none_a_waiting_record_holds_the_offset() {
    let script = Script::of(&[Do::Wait, Do::Work]);
    let routes = Topic::json("orders").on(scripted).order(Order::None);
    let t = TestService::new(routes.with_state(script.clone())).await;
    t.publish_records(vec![record("orders", "e-1", "first"), record("orders", "e-2", "second")])
        .await;
    t.until("second done", |t| t.health().snapshot().outcomes.done == 1).await;
    assert_eq!(crate::common::committed(&t).await.0, 0);
    script.open();
    t.settled().await;
    assert_eq!(crate::common::committed(&t).await.0, 2);
    t.assert_conserved();
}

/// Nobody's number is too large.
#[tokio::test]
async fn concurrency_may_be_without_a_limit() {
    let script = Script::of(&[Do::Work]);
    let routes = Topic::json("orders").on(scripted).with_state(script.clone());
    let t = TestService::builder(routes).concurrency(usize::MAX).start().await;
    t.publish_records(vec![record("orders", "e-1", "k")]).await;
    t.settled().await;
    assert_eq!(script.seen(), ["k"]);
}

#[tokio::test]
async fn concurrency_limits_what_runs_side_by_side() {
    let script = Script::of(&[Do::Wait]);
    let routes = Topic::json("orders").on(scripted).order(Order::None);
    let t = TestService::builder(routes.with_state(script.clone())).concurrency(2).start().await;
    let records = (0..6).map(|n| record("orders", &format!("e-{n}"), "k")).collect();
    t.publish_records(records).await;
    t.until("two run", |_| script.calls() == 2).await;
    script.open();
    t.until("the third runs", |_| script.calls() == 3).await;
    assert_eq!(t.health().snapshot().outcomes.done, 1);
    (0..5).for_each(|_| script.open());
    t.settled().await;
    t.assert_conserved();
}

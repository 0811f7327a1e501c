//! Ends: drained, cut off, crashed; and what the next start finds.

use tidegate::class::Class;
use tidegate::health::Phase;
use tidegate::prelude::*;
use tidegate::testing::{Saw, TestService};

use crate::common::{Do, Script, committed, record, scripted, service};

#[tokio::test]
async fn rule_16_a_stop_waits_for_the_running_handler_and_commits_it() {
    let script = Script::of(&[Do::Wait]);
    let mut t = service(&script).await;
    t.publish_record(record("orders", "e-1", "a")).await;
    t.until("running", |_| script.calls() == 1).await;
    t.ask_to_stop();
    t.until("draining", |t| t.health().snapshot().phase == Phase::Draining).await;
    assert!(!t.health().readiness().is_ready());
    script.open();
    t.ended().await.unwrap();
    assert_eq!(committed(&t).await.0, 1);
    t.assert_conserved();
}

#[tokio::test]
async fn rule_16_what_arrives_during_a_stop_is_neither_handled_nor_committed() {
    let script = Script::of(&[Do::Wait, Do::Work]);
    let mut t = service(&script).await;
    t.publish_record(record("orders", "e-1", "a")).await;
    t.until("running", |_| script.calls() == 1).await;
    t.ask_to_stop();
    t.until("draining", |t| t.health().snapshot().phase == Phase::Draining).await;
    t.publish_record(record("orders", "e-2", "b")).await;
    script.open();
    t.ended().await.unwrap();
    assert_eq!((committed(&t).await.0, script.seen()), (1, vec!["a".to_owned()]));
    t.assert_conserved();
}

#[tokio::test]
async fn rule_3_what_the_drain_deadline_cuts_off_is_not_committed_and_comes_again() {
    let script = Script::of(&[Do::Hang, Do::Work]);
    let routes = Topic::json("orders").on(scripted).with_state(script.clone());
    let mut t = TestService::builder(routes).drain(secs(3)).start().await;
    t.publish_record(record("orders", "e-1", "a")).await;
    t.until("running", |_| script.calls() == 1).await;
    t.ask_to_stop();
    t.until("draining", |t| t.health().snapshot().phase == Phase::Draining).await;
    t.advance(secs(3));
    t.ended().await.unwrap();
    assert_eq!(committed(&t).await.0, 0);
    t.start_again().await;
    t.settled().await;
    assert_eq!(script.seen(), ["a", "a"]);
    t.assert_conserved();
}

#[tokio::test]
async fn rule_17_a_stopped_service_is_not_ready() {
    let mut t = service(&Script::of(&[])).await;
    t.until("ready", |t| t.health().readiness().is_ready()).await;
    let health = t.health().clone();
    t.stop().await.unwrap();
    assert_eq!(health.snapshot().phase, Phase::Stopped);
    assert!(health.readiness().reasons().eq(["the service has stopped"]));
}

#[tokio::test]
async fn rule_17_a_service_that_was_cut_off_is_not_ready() {
    let mut t = service(&Script::of(&[])).await;
    let health = t.health().clone();
    t.crash().await;
    assert_eq!(health.snapshot().phase, Phase::Stopped);
}

/// Fails once, waits for its next attempt, and is started again meanwhile.
async fn started_again_while_waiting(crash: bool) -> (TestService, std::sync::Arc<Script>) {
    let script = Script::of(&[Do::Fail(Class::Transient.after(hours(1))), Do::Work]);
    let routes = Topic::json("orders").on(scripted).retry(Retry::exponential(hours(1), hours(1)));
    let mut t = TestService::new(routes.with_state(script.clone())).await;
    t.publish_record(record("orders", "e-1", "a")).await;
    t.until("retried", |t| t.outcomes("e-1") == [Saw::Retried]).await;
    while committed(&t).await.1.is_empty() {
        tokio::task::yield_now().await;
    }
    if crash {
        t.crash().await
    } else {
        t.restart().await
    }
    (t, script)
}

#[tokio::test]
async fn rule_20_a_restart_honours_the_count_of_attempts_and_the_due_time() {
    let (t, script) = started_again_while_waiting(false).await;
    t.until("delivered", |t| t.health().snapshot().in_flight == 1).await;
    t.advance(mins(59));
    t.until("waiting", |t| t.health().snapshot().in_flight == 1).await;
    assert_eq!(script.attempts(), [1]);
    t.settled().await;
    assert_eq!(script.attempts(), [1, 2]);
    t.assert_conserved();
}

#[tokio::test]
async fn rule_20_a_crash_loses_neither_the_record_nor_its_count_of_attempts() {
    let (t, script) = started_again_while_waiting(true).await;
    t.settled().await;
    assert_eq!(script.attempts(), [1, 2]);
    t.assert_conserved();
}

#[tokio::test]
async fn rule_3_a_crash_while_a_handler_runs_loses_nothing() {
    let script = Script::of(&[Do::Hang, Do::Work]);
    let mut t = service(&script).await;
    t.publish_record(record("orders", "e-1", "a")).await;
    t.until("running", |_| script.calls() == 1).await;
    t.crash().await;
    t.settled().await;
    assert_eq!(t.outcomes("e-1"), [Saw::Done]);
    t.assert_conserved();
}

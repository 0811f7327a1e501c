//! Attempts that fail: tried again, given up, or waited out.

use std::sync::Arc;
use std::time::Duration;

use tidegate::class::{Cause, Class};
use tidegate::health::CheckName;
use tidegate::prelude::*;
use tidegate::testing::{Saw, TestService};

use crate::common::{Do, Script, order, scripted, service};

const TRANSIENT: Do = Do::Fail(Class::Transient);
const DOWN: Do = Do::Fail(Class::Outage("gateway"));

async fn patient(script: &Arc<Script>, retry: Retry) -> TestService {
    let routes = Topic::json("orders").on(scripted).retry(retry).timeout(secs(10));
    TestService::new(routes.with_state(script.clone())).await
}

#[tokio::test]
async fn a_transient_failure_is_tried_again_and_costs_no_real_time() {
    let script = Script::of(&[TRANSIENT, Do::Work]);
    let t = patient(&script, Retry::exponential(hours(1), hours(2))).await;
    t.publish("orders", &order("o-1")).await;
    t.settled().await;
    assert_eq!(t.outcomes("o-1"), [Saw::Retried, Saw::Done]);
    assert_eq!(script.attempts(), [1, 2]);
    t.assert_conserved();
}

#[tokio::test]
async fn spent_attempts_end_in_a_dead_letter_that_tells_them_all() {
    let script = Script::of(&[TRANSIENT]);
    let t = patient(&script, Retry::exponential(secs(1), secs(30)).attempts(4)).await;
    t.publish("orders", &order("o-1")).await;
    t.settled().await;
    assert_eq!(t.outcomes("o-1"), [Saw::Retried, Saw::Retried, Saw::Retried, Saw::Dead]);
    let letters = t.dead_letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].attempts, Some(4));
    let numbers: Vec<u32> = letters[0].history.iter().map(|attempt| attempt.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    t.assert_conserved();
}

#[tokio::test]
async fn a_permanent_failure_is_dead_at_once() {
    let script = Script::of(&[Do::Fail(Class::Permanent)]);
    let t = service(&script).await;
    t.publish("orders", &order("o-1")).await;
    t.settled().await;
    assert_eq!(t.outcomes("o-1"), [Saw::Dead]);
    assert_eq!(script.calls(), 1);
    assert_eq!(t.dead_letters()[0].class.as_deref(), Some("permanent"));
    t.assert_conserved();
}

#[tokio::test]
async fn rule_18_a_panic_uses_an_attempt() {
    let script = Script::of(&[Do::Panic, Do::Work]);
    let t = service(&script).await;
    t.publish("orders", &order("o-1")).await;
    t.settled().await;
    assert_eq!(t.outcomes("o-1"), [Saw::Retried, Saw::Done]);
    t.assert_conserved();
}

#[tokio::test]
async fn rule_18_a_handler_that_hangs_is_cut_off_and_uses_an_attempt() {
    let script = Script::of(&[Do::Hang]);
    let t = patient(&script, Retry::none()).await;
    t.publish("orders", &order("o-1")).await;
    t.until("called", |_| script.calls() == 1).await;
    t.advance(Duration::from_millis(9_999));
    t.until("still running", |t| t.health().snapshot().in_flight == 1).await;
    assert_eq!(t.outcomes("o-1"), []);
    t.advance(Duration::from_millis(1));
    t.settled().await;
    assert_eq!(t.outcomes("o-1"), [Saw::Dead]);
    assert_eq!(t.dead_letters()[0].history[0].cause, Cause::Timeout);
    t.assert_conserved();
}

#[tokio::test]
async fn an_outage_pauses_and_counts_no_attempt() {
    let script = Script::of(&[DOWN, DOWN, DOWN, DOWN, DOWN, Do::Work]);
    let t = patient(&script, Retry::none()).await;
    t.publish("orders", &order("o-1")).await;
    t.until("paused", |t| t.outcomes("o-1") == [Saw::Paused]).await;
    let readiness = t.health().readiness();
    assert!(readiness.failing().eq([CheckName::Outage]), "{readiness:?}");
    assert!(readiness.reasons().all(|r| r.contains("gateway is down")), "{readiness:?}");
    t.settled().await;
    assert_eq!(t.outcomes("o-1").last(), Some(&Saw::Done));
    assert_eq!(script.attempts(), [1; 6]);
    assert!(t.health().readiness().is_ready(), "{:?}", t.health().readiness());
    t.assert_conserved();
}

#[tokio::test]
async fn a_fatal_failure_stops_the_service_and_commits_nothing_for_its_record() {
    let script = Script::of(&[Do::Fail(Class::Fatal)]);
    let mut t = service(&script).await;
    t.publish("orders", &order("o-1")).await;
    let ended = t.ended().await;
    assert!(matches!(ended, Err(tidegate::Error::Stopped { .. })), "{ended:?}");
    assert!(!t.health().readiness().is_ready());
    let lag = t.broker().lag("test".into(), "orders".try_into().unwrap()).await.unwrap();
    assert_eq!(lag.iter().map(|l| l.lag).sum::<u64>(), 1);
}

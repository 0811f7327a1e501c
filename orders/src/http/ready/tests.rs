//! The form of the answer, its ages, and what draining does to it.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::Extension;
use serde_json::{Value, json};

use super::*;
use crate::http::testing::{Answer, call, get};

/// Routes of a service whose broker may be away, and whose cache does not matter.
fn routes(away: &Arc<AtomicBool>, draining: &Draining) -> Router {
    let away = away.clone();
    let checks = move |draining: bool| {
        let away = away.clone();
        async move {
            if draining {
                return Vec::new();
            }
            let answer = if away.load(Ordering::Relaxed) { Err("is away") } else { Ok(()) };
            let broker = Check::ask("broker", "log", async { answer }).await;
            let cache = Check::new("cache", "cache", vec!["is cold".to_owned()]).not_required();
            vec![broker, cache]
        }
    };
    crate::http::service(readiness(checks).layer(Extension(draining.clone())), 1 << 20)
}

fn check<'a>(answer: &'a Answer, name: &str) -> &'a Value {
    let checks = answer.body["data"]["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap()
}

#[tokio::test]
async fn all_checks_are_shown_and_only_what_is_required_fails() {
    let (away, draining) = (Arc::new(AtomicBool::new(false)), Draining::default());
    let routes = routes(&away, &draining);
    let ready = call(&routes, get("/ready")).await;
    assert_eq!((ready.status, &ready.body["data"]["status"]), (200, &json!("ready")));
    assert_eq!(ready.body["data"]["errors"], Value::Null);
    let (broker, cache) = (check(&ready, "broker"), check(&ready, "cache"));
    assert_eq!((&broker["ok"], &broker["reasons"]), (&json!(true), &json!([])));
    assert_eq!((&cache["ok"], &cache["required"]), (&json!(false), &json!(false)));
    assert_eq!(check(&ready, "lifecycle")["ok"], true);

    away.store(true, Ordering::Relaxed);
    let not = call(&routes, get("/ready")).await;
    not.refused(503, "log");
    assert_eq!(not.headers["retry-after"], "1");
    assert_eq!(not.body["data"]["status"], "not ready");
    assert_eq!(not.body["message"], "log: is away");
    assert_eq!(check(&not, "broker")["reasons"], json!(["is away"]));
    let since = check(&not, "broker")["since"].as_str().unwrap();
    since.parse::<Timestamp>().unwrap();
    assert!(check(&not, "broker")["age"].as_str().unwrap().ends_with('s'), "{}", not.text);
}

#[tokio::test]
async fn a_process_that_drains_says_so_and_asks_nobody() {
    let (away, draining) = (Arc::new(AtomicBool::new(false)), Draining::default());
    let routes = routes(&away, &draining);
    assert_eq!(call(&routes, get("/ready")).await.status, 200);
    draining.0.cancel();
    away.store(true, Ordering::Relaxed);
    let drains = call(&routes, get("/ready")).await;
    drains.refused(503, "service");
    assert_eq!(drains.body["data"]["status"], "draining");
    assert_eq!(check(&drains, "broker")["ok"], true, "as it was when it was last asked");
    assert_eq!(call(&routes, get("/health")).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_not_answered_fails_with_its_name() {
    let check = Check::ask("broker", "broker", std::future::pending::<Result<(), String>>()).await;
    assert_eq!(check.reasons, ["no answer within 4s"]);
}

#[test]
fn a_check_is_as_old_as_its_state_and_not_as_its_reason() {
    let (seen, start) = (Seen::default(), Instant::now());
    let fails = |why: &str| Check::new("a", "a", vec![why.to_owned()]);
    let fine = || Check::new("a", "a", Vec::new());
    let after = |check: Check, seconds| {
        let all = seen.take(vec![check], start + Duration::from_secs(seconds));
        all[0].1.as_secs()
    };
    assert_eq!(after(fine(), 0), 0);
    assert_eq!(after(fine(), 5), 5);
    assert_eq!(after(fails("x"), 7), 0);
    assert_eq!(after(fails("y"), 9), 2);
    assert_eq!(after(fine(), 10), 0);
    assert_eq!(after(fine().aged(Duration::from_secs(3)), 11), 3, "it knows better");
}

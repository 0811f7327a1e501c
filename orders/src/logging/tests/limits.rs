//! Lines that are hidden, and those that must not be.

use std::sync::atomic::{AtomicU64, Ordering};

use tidegate::broker::{Broker, NewTopic};

use super::super::repeats::{KEYS, SHOWN};
use super::*;
use crate::audit::{Action, Audit, Operator, Task};
use crate::http::{Correlation, Reply};
use crate::topics;

/// A clock, and its seconds.
fn clock() -> (Arc<AtomicU64>, Clock) {
    let time = Arc::new(AtomicU64::new(0));
    let now = time.clone();
    (time, Arc::new(move || Duration::from_secs(now.load(Ordering::Relaxed))))
}

fn as_json(line: super::super::line::Line) -> Value {
    serde_json::from_str(&Style::new(Reader::Program, "orders").write(line)).unwrap()
}

/// The place that writes the warning is one and the same, as it is for all records of a service.
fn attempt_failed(partition: u64, offset: u64, class: &str) {
    handler_failed("order.created", partition, offset, class);
}

fn handler_failed(handler: &str, partition: u64, offset: u64, class: &str) {
    tracing::warn!(
        topic = "orders",
        partition,
        handler,
        group = "orders-consumer-group",
        offset,
        class,
        error = "of its own",
        "attempt failed"
    );
}

#[test]
fn a_flood_of_one_partition_hides_no_other_and_is_summed_up() {
    let (time, clock) = clock();
    let (log, lines, limiter) = log(Reader::Program, "info", clock);
    tracing::subscriber::with_default(log, || {
        (0..432).for_each(|offset| attempt_failed(0, offset, "transient"));
        attempt_failed(1, 7, "transient");
        attempt_failed(0, 433, "permanent");
        handler_failed("order.cancelled", 0, 434, "transient");
    });
    let shown = lines.json();
    assert_eq!(shown.len() as u64, SHOWN + 3, "{}", lines.text());
    let last: Vec<_> = shown.iter().rev().take(3).map(|line| &line["offset"]).collect();
    assert_eq!(last, [434, 433, 7]);
    assert!(limiter.over().is_empty(), "the window is not over");
    time.store(10, Ordering::Relaxed);
    let [summary] = limiter.over().try_into().unwrap();
    let summary = as_json(summary);
    assert_eq!(summary["message"], "repeated 412 times in 10 s: attempt failed");
    for (field, value) in [
        ("times", json!(412)),
        ("level", json!("WARN")),
        ("topic", json!("orders")),
        ("partition", json!(0)),
        ("handler", json!("order.created")),
        ("group", json!("orders-consumer-group")),
        ("class", json!("transient")),
        ("service", json!("orders")),
    ] {
        assert_eq!(summary[field], value, "{summary}");
    }
    assert_eq!(summary["offset"], Value::Null, "it stands for many");
    let page = include_str!("../../../../docs/logs.md");
    let example =
        page.lines().find(|line| line.contains("\"repeated 412 times in 10 s: ")).unwrap();
    let example: Value = serde_json::from_str(example).unwrap();
    let fields = |line: &Value| line.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(fields(&example), fields(&summary));
}

#[test]
fn lines_that_are_no_trouble_are_the_same_only_when_all_of_them_is() {
    let lines = written(Reader::Program, "info", || {
        for order in 0..100 {
            let span = tracing::error_span!("request", correlation_id = order);
            span.in_scope(|| tracing::info!("order accepted"));
            tracing::info!(order, "order completed");
            tracing::info!("joining the group anew");
        }
    });
    let count = |text: &str| lines.text().matches(text).count() as u64;
    assert_eq!((count("order accepted"), count("order completed")), (100, 100));
    assert_eq!(count("joining the group anew"), SHOWN);
}

/// More than the limit can tell apart: it hides none of them, and takes no warning's place for them.
#[test]
fn the_story_of_each_of_thousands_of_orders_is_whole_and_warnings_keep_their_places() {
    let (log, lines, limiter) = log(Reader::Program, "info", at_rest());
    tracing::subscriber::with_default(log, || {
        for order in 0..3_000 {
            let span = tracing::error_span!("request", correlation_id = order);
            span.in_scope(|| tracing::info!("order accepted"));
            tracing::info!(order, "order completed");
        }
        (0..432).for_each(|offset| attempt_failed(0, offset, "transient"));
        attempt_failed(1, 7, "transient");
    });
    let count = |text: &str| lines.text().matches(text).count() as u64;
    assert_eq!((count("order accepted"), count("order completed")), (3_000, 3_000));
    assert_eq!(count("attempt failed"), SHOWN + 1);
    let [summary] = limiter.rest().try_into().unwrap();
    assert_eq!(as_json(summary)["partition"], 0);
}

#[test]
fn of_warnings_that_differ_too_much_the_summary_says_nothing_that_is_false_for_most() {
    let (log, lines, limiter) = log(Reader::Program, "info", at_rest());
    tracing::subscriber::with_default(log, || {
        (0..5_000).for_each(|partition| attempt_failed(partition, 7, "transient"));
        tracing::warn!("of another place");
    });
    let shown = KEYS as u64 + SHOWN;
    assert_eq!(lines.text().lines().count() as u64, shown + 1);
    let [summary] = limiter.rest().try_into().unwrap();
    let summary = as_json(summary);
    let text =
        format!("repeated {} times in 0 s: attempt failed (of several kinds)", 5_000 - shown);
    assert_eq!(summary["message"], text);
    for field in ["topic", "partition", "class", "handler", "group"] {
        assert_eq!(summary[field], Value::Null, "{summary}");
    }
}

#[test]
fn a_panic_hides_none_at_another_place() {
    let (log, lines, limiter) = log(Reader::Program, "info", at_rest());
    tracing::subscriber::with_default(log, || {
        (0..SHOWN + 5).for_each(|_| tell_panic("poison", "orders/src/one.rs:1:1"));
        tell_panic("poison", "orders/src/other.rs:2:2");
    });
    assert_eq!(lines.json().last().unwrap()["place"], "orders/src/other.rs:2:2");
    let [summary] = limiter.rest().try_into().unwrap();
    assert_eq!(as_json(summary)["place"], "orders/src/one.rs:1:1");
}

/// What the log says of a change and `SHOWN + 5` refused ones.
async fn audited(filter: &str, broker: Option<Broker>) -> Vec<Value> {
    let (log, lines, _) = log(Reader::Program, filter, at_rest());
    let _log = tracing::subscriber::set_default(log);
    let who = Operator { name: Some("ada".into()), peer: None };
    let task = Task::new(Action::Gateway, &who, &Correlation::generate(), Value::Null);
    let audit = Audit::of("gateway", broker);
    audit.change(task.clone(), || Ok(json!(1))).await.unwrap();
    for _ in 0..SHOWN + 5 {
        let reply = Reply::new(axum::http::StatusCode::BAD_REQUEST, "no");
        audit.refused(&task, vec!["no".into()], reply).await;
    }
    lines.json()
}

#[tokio::test]
async fn where_the_log_line_is_the_record_no_filter_and_no_limit_hides_it() {
    for filter in
        ["off", "error", "info", "info,orders::audit=off", "info,orders::audit::record=off"]
    {
        let lines = audited(filter, None).await;
        assert_eq!(lines.len() as u64, 2 + SHOWN + 5, "{filter}");
        assert_eq!((&lines[0]["who"], &lines[2]["errors"]), (&json!("ada"), &json!("no")));
    }
}

#[tokio::test]
async fn where_the_topic_has_the_record_its_line_goes_by_the_filter_and_past_the_limit() {
    let broker = Broker::in_memory();
    assert_eq!(broker.create_topics(vec![NewTopic::new(topics::audit(), 1)]).await, [Ok(())]);
    assert!(audited("off", Some(broker.clone())).await.is_empty());
    assert_eq!(audited("warn", Some(broker)).await.len() as u64, SHOWN + 5);
}

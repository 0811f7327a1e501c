//! What a handler logs can be found by the record that it worked on.
//!
//! Alone in its process: whether a span is recorded is remembered for all threads, also those of tests without a log.

#![allow(clippy::unwrap_used, reason = "a test fails loudly")]
#![allow(clippy::panic, reason = "a handler that panics is what is tested")]

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidegate::headers::names;
use tidegate::message::{NewRecord, Partition, TopicName};
use tidegate::prelude::*;
use tidegate::testing::TestService;
use tidegate::{Class, Classify};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Ordered {
    id: String,
}

impl Event for Ordered {
    const TYPE: &'static str = "order.created";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CARD: &str = "4111111111111111";

async fn talking(Payload(_): Payload<Ordered>) {
    tracing::info!("the handler's own words");
}

/// Fails twice, with a text of its own and with one that quotes what it works on.
async fn failing(Payload(order): Payload<Ordered>, attempt: Attempt) -> Result<(), Slow> {
    match attempt.0 {
        1 => Err(Slow),
        _ => panic!("no price for {}", order.id),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the gateway is slow")]
struct Slow;

impl Classify for Slow {
    fn class(&self) -> Class {
        Class::Transient
    }
}

/// The lines of a service with these routes that was given one record, as JSON.
async fn lines(routes: impl IntoRouter) -> Vec<Value> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let writer = Arc::new(file.reopen().unwrap());
    let subscriber = tracing_subscriber::fmt().json().with_writer(writer).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let service = TestService::new(routes).await;
    let record = NewRecord::new(TopicName::new("orders").unwrap())
        .partition(Partition(0))
        .value(serde_json::to_vec(&Ordered { id: CARD.to_owned() }).unwrap())
        .header(names::EVENT_ID, "e-1")
        .header(names::EVENT_TYPE, Ordered::TYPE)
        .header(names::CORRELATION_ID, "case-7")
        .header(names::TRACEPARENT, format!("00-{TRACE}-b7ad6b7169203331-01"));
    service.publish_record(record).await;
    service.settled().await;
    let text = std::fs::read_to_string(file.path()).unwrap();
    assert!(!text.contains(CARD), "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Whose line it is.
#[track_caller]
fn names_its_record(fields: &Value) {
    for (field, value) in [
        ("handler", json!("order.created")),
        ("event_id", json!("e-1")),
        ("correlation_id", json!("case-7")),
        ("topic", json!("orders")),
        ("partition", json!(0)),
        ("offset", json!(0)),
        ("trace_id", json!(TRACE)),
        ("span_id", json!("b7ad6b7169203331")),
    ] {
        assert_eq!(fields[field], value, "{field}: {fields}");
    }
}

#[tokio::test]
async fn a_handlers_own_line_names_event_correlation_trace_and_place() {
    let lines = lines(Topic::json("orders").on(talking)).await;
    let own = |line: &&Value| line["fields"]["message"] == "the handler's own words";
    names_its_record(&lines.iter().find(own).unwrap()["span"]);
}

/// A record's way to the dead letters, in order; of a panic nothing that it was put together from (rule 18, I8).
#[tokio::test]
async fn each_failed_attempt_has_a_line_and_so_has_the_last_one() {
    let routes =
        Topic::json("orders").on(failing).retry(Retry::exponential(secs(1), secs(1)).attempts(2));
    let lines = lines(routes).await;
    let of_record = |line: &&Value| line["level"] == "WARN" || line["level"] == "ERROR";
    let told: Vec<_> = lines.iter().filter(of_record).collect();
    let messages: Vec<_> =
        told.iter().map(|line| line["fields"]["message"].as_str().unwrap()).collect();
    assert_eq!(
        messages,
        [
            "attempt failed; another one follows",
            "attempt failed; no other one follows",
            "dead-lettered"
        ]
    );
    names_its_record(&told[0]["fields"]);
    names_its_record(&told[1]["span"]);
    names_its_record(&told[2]["fields"]);
    let last = &told[1]["fields"];
    assert_eq!((&last["attempt"], &last["class"]), (&json!(2), &json!("transient")), "{last}");
    assert!(last["letter"].as_str().unwrap().starts_with("orders.test.dlq/"), "{last}");
    assert!(last["error"].as_str().unwrap().starts_with("the handler panicked: "), "{last}");
}

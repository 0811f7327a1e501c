//! The sample against a small producer.

use std::net::SocketAddr;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;

/// The order's id is its product, so that the producer needs no memory.
async fn place(Json(order): Json<Value>) -> (StatusCode, Json<Value>) {
    let Some(product) = order["product_id"].as_str().filter(|_| order["quantity"] == json!(1))
    else {
        let errors = json!([{"field": "quantity", "reason": "must be 1"}]);
        let said = json!({"message": "1 broken rule", "data": {"errors": errors}});
        return (StatusCode::BAD_REQUEST, Json(said));
    };
    let ids = json!({"order_id": product, "event_id": format!("event-of-{product}")});
    (StatusCode::ACCEPTED, Json(json!({"data": ids})))
}

async fn show(Path(id): Path<String>) -> (StatusCode, Json<Value>) {
    let status = match id.as_str() {
        "late" => return (StatusCode::NOT_FOUND, Json(json!({"message": "not projected"}))),
        "widget" => "completed",
        _ => "failed",
    };
    let history = json!([{"status": "pending", "reason": null},
                         {"status": status, "reason": format!("{id} it is")}]);
    (StatusCode::OK, Json(json!({"data": {"status": status, "history": history}})))
}

/// `fail-always` was dead-lettered; of the others there is no letter.
async fn letters() -> Json<Value> {
    let letter = json!({"event_id": "event-of-fail-always", "attempts": 3});
    Json(json!({"data": {"messages": [letter]}}))
}

async fn run_on_producer(cases: &Value) -> Result<Sample, SampleError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = base(listener.local_addr().unwrap());
    let routes = Router::new()
        .route("/health", get(|| async {}))
        .route("/api/v1/orders", post(place))
        .route("/api/v1/dlq/messages", get(letters))
        .route("/api/v1/orders/{id}", get(show));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, routes).await });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), cases.to_string()).unwrap();
    let args = SampleArgs { file: Some(file.path().to_owned()), wait: 0 };
    sample(&args, base).await
}

fn base(address: SocketAddr) -> Services {
    let base = format!("http://{address}");
    Services { producer: base.clone(), consumer: base.clone(), replay: base.clone(), gateway: base }
}

fn case(name: &str, product: &str, quantity: u32, ends: &str) -> Value {
    json!({"name": name, "ends": ends, "replay": product == "fail-until-replay",
           "order": {"product_id": product, "quantity": quantity}})
}

#[tokio::test]
async fn the_table_says_how_each_order_ended() {
    let cases = json!([
        case("plain", "widget", 1, "completed"),
        case("dead", "fail-always", 1, "failed"),
        case("bad", "widget", 0, "refused"),
    ]);
    let sample = run_on_producer(&cases).await.unwrap();
    assert!(sample.is_as_expected());
    let table = sample.to_string();
    assert!(table.contains("plain  completed  widget it is\n"), "{table}");
    assert!(
        table.contains("dead   failed     fail-always it is; dead letter after 3 attempts\n"),
        "{table}"
    );
    assert!(table.contains("bad    refused    400 quantity must be 1\n"), "{table}");
    assert!(table.ends_with("3 orders, each ended as it should"), "{table}");
}

#[tokio::test]
async fn an_unexpected_end_is_marked() {
    let cases = json!([case("plain", "widget", 1, "failed"), case("late", "late", 1, "completed")]);
    let sample = run_on_producer(&cases).await.unwrap();
    assert!(!sample.is_as_expected());
    let table = sample.to_string();
    assert!(table.contains("completed  UNEXPECTED, should have failed"), "{table}");
    assert!(table.contains("open       UNEXPECTED, should have completed"), "{table}");
    assert!(table.ends_with("2 of 2 orders ended unexpectedly"), "{table}");
}

#[tokio::test]
async fn an_order_that_waits_for_a_replay_says_how() {
    let cases = json!([case("parked", "fail-until-replay", 1, "failed")]);
    let table = run_on_producer(&cases).await.unwrap().to_string();
    assert!(table.contains("NO DEAD LETTER"), "{table}");
    assert!(table.contains("/api/v1/replay"), "{table}");
    assert!(table.contains(r#"{"event_ids": ["event-of-fail-until-replay"]}"#), "{table}");
}

#[tokio::test]
async fn nobody_there_is_told_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let services = base(listener.local_addr().unwrap());
    drop(listener);
    let error = sample(&SampleArgs { file: None, wait: 0 }, services).await.unwrap_err();
    assert!(error.to_string().contains("is `orders up` running"), "{error}");
}

//! The replay service on a real consumer: what it lists, sends, refuses, deletes and writes down.

mod audit;
mod listing;
mod sending;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use tidegate::message::NewRecord;

use super::{ReplayService, router};
use crate::consumer::testing::{Bench, order, record};
use crate::http::testing::{Answer, call, get, post};
use crate::model::Database;
use crate::model::testing::on_each_database;
use crate::order::Created;

/// The service's routes, as a process of its own would have them.
fn routes(bench: &Bench) -> Router {
    let service = ReplayService::new(&bench.config, bench.service.broker().clone());
    crate::http::service(router(service), 1 << 20)
}

/// `order.created` with event id `e-<id>`.
fn created(id: &str, product: &str) -> NewRecord {
    record::<Created>(&format!("e-{id}"), order(id, product))
}

/// A consumer that has given these orders up, one after the other.
async fn dead(on: Database, orders: &[(&str, &str)]) -> Bench {
    let bench = Box::pin(Bench::new(on)).await;
    for (id, product) in orders {
        bench.publish([created(id, product)]).await;
    }
    bench
}

async fn list(routes: &Router, query: &str) -> Answer {
    call(routes, get(&format!("/api/v1/dlq/messages{query}"))).await
}

/// Event id and status of every listed letter.
async fn statuses(routes: &Router) -> Vec<(String, String)> {
    let answer = list(routes, "?limit=100").await;
    let text = |message: &Value, field: &str| message[field].as_str().unwrap().to_owned();
    let messages = answer.body["data"]["messages"].as_array().unwrap().iter();
    messages.map(|m| (text(m, "event_id"), text(m, "status"))).collect()
}

async fn replay(routes: &Router, body: &str) -> Answer {
    call(routes, post("/api/v1/replay", body.to_owned())).await
}

async fn clear(routes: &Router, query: &str) -> Answer {
    let path = format!("/api/v1/dlq/clear{query}");
    call(routes, Request::delete(path).body(Body::empty()).unwrap()).await
}

/// Replayed, failed, skipped.
fn counts(answer: &Answer) -> [u64; 3] {
    let count = |field: &str| answer.body["data"][field].as_u64().expect(&answer.text);
    [count("replayed_messages"), count("failed_messages"), count("skipped_messages")]
}

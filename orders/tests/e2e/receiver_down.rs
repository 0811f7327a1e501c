//! F26: a receiver of traces that is down or slow costs spans, and nothing else.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Program, Setup, eventually};
use crate::receiver::{Mood, Receiver, sending_to};

// TROUBLESHOOTING: traces-lost
const LOST: &str = "traces are lost: their receiver does not take them; events are not affected";
const AGAIN: &str = "traces are sent again";

/// A port at which nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap()
}

/// 1,000 orders, each with its own trace.
async fn thousand_orders(up: &Program) {
    let order = json!({"customer_id": "c", "product_id": "widget", "quantity": 1, "price": 5});
    let batch = Value::Array(vec![order; 100]);
    for _ in 0..10 {
        let answer = up.producer().post("/api/v1/orders/batch", &batch).await.expect(202);
        assert_eq!(answer.data()["processed"], 100);
    }
    eventually("all are charged", async || {
        let stats = up.gateway().get("/api/v1/effects/stats").await.expect(200);
        (stats.data()["performed"] == 1_000).then_some(())
    })
    .await;
    eventually("all are completed", async || {
        let metrics = up.consumer().get("/api/v1/metrics").await.expect(200);
        let ledger = metrics.data()["ledger"].as_array().unwrap().clone();
        let pending: u64 = ledger.iter().map(|line| line["pending"].as_u64().unwrap()).sum();
        (pending == 0).then_some(())
    })
    .await;
}

fn count(up: &Program, message: &str) -> usize {
    up.stderr().matches(message).count()
}

#[tokio::test]
async fn a_receiver_that_is_down_loses_spans_and_no_order() {
    let folder = tempfile::tempdir().unwrap();
    let address = nobody();
    let up = sending_to(address, Setup::up(folder.path())).ready().await;
    thousand_orders(&up).await;
    eventually("it is told", async || (count(&up, LOST) > 0).then_some(())).await;
    let receiver = Receiver::at(address, Mood::Takes).await;
    eventually("it is told that it is over", async || {
        // Something to send.
        up.producer().get("/api/v1/orders?limit=1").await.expect(200);
        (count(&up, AGAIN) > 0).then_some(())
    })
    .await;
    assert!(!receiver.spans().is_empty());
    let ended = up.end().await;
    assert_eq!(ended.stderr.matches(LOST).count(), 1, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches(AGAIN).count(), 1, "{}", ended.stderr);
}

#[tokio::test]
async fn a_receiver_that_is_slow_loses_spans_and_no_order() {
    let folder = tempfile::tempdir().unwrap();
    let slow = Receiver::at(nobody(), Mood::NeverAnswers).await;
    let setup = slow
        .of(Setup::up(folder.path()))
        // Whoever waited for one export would wait longer than the test does.
        .variable("OTEL_EXPORTER_OTLP_TIMEOUT", "600000")
        .variable("OTEL_BSP_MAX_QUEUE_SIZE", "200")
        .variable("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100");
    let up = setup.ready().await;
    thousand_orders(&up).await;
    eventually("it is told", async || (count(&up, LOST) > 0).then_some(())).await;
    let ended = up.end().await;
    assert_eq!(ended.stderr.matches(LOST).count(), 1, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches(AGAIN).count(), 0, "{}", ended.stderr);
}

#[tokio::test]
async fn a_receiver_that_is_slow_does_not_hold_up_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let slow = Receiver::at(nobody(), Mood::NeverAnswers).await;
    let setup = slow.of(Setup::up(folder.path())).variable("OTEL_EXPORTER_OTLP_TIMEOUT", "60000");
    let up = setup.ready().await;
    let order = up.order("widget").await;
    up.reaches(&order.order_id, "completed").await;
    let asked = Instant::now();
    up.end().await;
    assert!(asked.elapsed() < Duration::from_secs(5));
}

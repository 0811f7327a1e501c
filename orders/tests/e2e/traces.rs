//! One id finds everything that belongs to one request, in the logs of every service.

use serde_json::{Value, json};

use crate::harness::{Setup, eventually};

/// The log lines that carry a correlation id. Each line is JSON.
fn lines_of(log: &str, id: &str) -> Vec<Value> {
    let lines = log.lines().filter(|line| line.contains(id));
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

#[tokio::test]
async fn a_correlation_id_is_in_the_logs_of_producer_consumer_and_replay() {
    const ID: &str = "trace-me-4711";
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let order =
        json!({"customer_id": "c", "product_id": "fail-until-replay", "quantity": 1, "price": 5});
    let request = up.producer().request("POST", "/api/v1/orders");
    let accepted = up.producer().send(request.header("x-correlation-id", ID).json(&order)).await;
    let accepted = accepted.expect(202);
    let event_id = accepted.data()["event_id"].as_str().unwrap();
    up.reaches(accepted.data()["order_id"].as_str().unwrap(), "failed").await;
    let letter = up.dead_letter(event_id).await;
    assert_eq!(letter["original_event"]["correlation_id"], ID, "{letter}");
    up.replay().post("/api/v1/replay", &json!({"event_ids": [event_id]})).await.expect(200);
    up.reaches(accepted.data()["order_id"].as_str().unwrap(), "completed").await;

    // Handlers have their version behind their name.
    let handlers = concat!("orders-consumer ", env!("CARGO_PKG_VERSION"));
    for service in ["producer", handlers, "replay"] {
        eventually(&format!("the id is in the log of the {service}"), async || {
            let log = up.stderr() + &up.stdout();
            let named = |line: &Value| line["service"] == service;
            lines_of(&log, ID).iter().any(named).then_some(())
        })
        .await;
    }
    // What the handler itself wrote carries it too, not only what is written about the record.
    let log = up.stderr();
    let lines = lines_of(&log, ID);
    for message in ["order failed", "order completed"] {
        let own = lines.iter().find(|line| line["message"] == message);
        let own = own.unwrap_or_else(|| panic!("no line {message:?} carries the id"));
        assert_eq!(own["correlation_id"], ID, "{own}");
    }
    up.end().await;
}

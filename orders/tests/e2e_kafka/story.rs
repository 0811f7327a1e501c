//! `grep` of one correlation id over the services' logs tells an order's story, in order; and every line of it says whose it is.

use serde_json::{Value, json};
use test_servers::LocalKafka;

use crate::harness::{Placed, Program, eventually};
use crate::platform::{Place, Platform};
use crate::receiver::Receiver;

/// The lines of all services that carry the id, as `grep -h ID *.log | sort` has them.
fn lines_of(platform: &Platform, id: &str) -> Vec<Value> {
    let Platform { gateway, producer, consumer, replay } = platform;
    let logs = [producer, gateway, consumer, replay].map(Program::stderr);
    let lines = logs.iter().flat_map(|log| log.lines()).filter(|line| line.contains(id));
    let mut lines: Vec<_> = lines.collect();
    lines.sort_unstable();
    let read = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    lines.into_iter().map(read).collect()
}

/// The consumer's name, as its dead letters have it too.
const CONSUMER: &str = concat!("orders-consumer ", env!("CARGO_PKG_VERSION"));

/// `service: message` of each.
fn told(lines: &[Value]) -> Vec<String> {
    let text = |line: &Value, field: &str| line[field].as_str().unwrap_or_default().to_owned();
    let who = |line: &Value| text(line, "service").replace(CONSUMER, "consumer");
    lines.iter().map(|line| format!("{}: {}", who(line), text(line, "message"))).collect()
}

async fn order(up: &Program, id: &str, product: &str) -> Placed {
    let order = json!({"customer_id": "c", "product_id": product, "quantity": 1, "price": 5});
    let request = up.producer().request("POST", "/api/v1/orders").json(&order);
    let answer = up.producer().send(request.header("x-correlation-id", id)).await.expect(202);
    let id = |name: &str| answer.data()[name].as_str().unwrap().to_owned();
    Placed { order_id: id("order_id"), event_id: id("event_id") }
}

/// What producer and replay service say is told when the broker has acknowledged it; the consumer may be quicker than that.
fn without<'a>(told: &'a [String], acknowledged: &[&str]) -> Vec<&'a str> {
    for line in acknowledged {
        assert_eq!(told.iter().filter(|told| told == line).count(), 1, "{line}: {told:#?}");
    }
    told.iter().map(String::as_str).filter(|line| !acknowledged.contains(line)).collect()
}

/// Every line has what it is found by, and all are of one trace.
fn assert_named(lines: &[Value], id: &str, trace: &str) {
    for line in lines {
        assert_eq!(line["version"], env!("CARGO_PKG_VERSION"), "{line}");
        assert_eq!(line["correlation_id"], id, "{line}");
        assert_eq!(line["trace_id"], trace, "{line}");
        assert_eq!(line["span_id"].as_str().map(str::len), Some(16), "{line}");
        if line["service"] == CONSUMER {
            assert_eq!(line["topic"], "story", "{line}");
            assert!(line["partition"].is_u64() && line["offset"].is_u64(), "{line}");
        }
    }
}

/// Waits until a line of the id says this.
async fn says(platform: &Platform, id: &str, what: &str) {
    eventually(&format!("{id}: {what}"), async || {
        let lines = told(&lines_of(platform, id));
        lines.iter().any(|line| line == what).then_some(())
    })
    .await;
}

fn trace_of(lines: &[Value]) -> String {
    lines[0]["trace_id"].as_str().unwrap_or_else(|| panic!("no trace: {}", lines[0])).to_owned()
}

#[tokio::test]
async fn one_id_tells_an_orders_story_over_the_logs_of_all_services() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let place = Place::new(folder.path(), LocalKafka::shared().address(), "story")
        .variable("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{}", receiver.address));
    place.topics().await;
    let platform = Platform::ready(&place).await;

    let heals = order(&platform.producer, "fails-twice-4711", "fail-transient-2").await;
    platform.producer.reaches(&heals.order_id, "completed").await;
    let lines = lines_of(&platform, "fails-twice-4711");
    let story = told(&lines);
    let expected = [
        "gateway: charged",
        "consumer: attempt failed; another one follows",
        "gateway: charged before",
        "consumer: attempt failed; another one follows",
        "gateway: charged before",
        "consumer: order completed",
    ];
    assert_eq!(without(&story, &["producer: order accepted"]), expected, "{story:#?}");
    assert_named(&lines, "fails-twice-4711", &trace_of(&lines));

    replayed(&platform).await;
    platform.end().await;
}

async fn replayed(platform: &Platform) {
    let id = "replayed-4711";
    let dead = order(&platform.producer, id, "fail-until-replay").await;
    platform.producer.reaches(&dead.order_id, "failed").await;
    says(platform, id, "consumer: dead-lettered").await;
    platform.producer.dead_letter(&dead.event_id).await;
    let body = json!({"event_ids": [dead.event_id]});
    platform.replay.replay().post("/api/v1/replay", &body).await.expect(200);
    platform.producer.reaches(&dead.order_id, "completed").await;
    let lines = lines_of(platform, id);
    let story = told(&lines);
    let expected = [
        "gateway: charged",
        "consumer: attempt failed; no other one follows",
        "consumer: order failed",
        "consumer: dead-lettered",
        "gateway: charged before",
        "consumer: order completed",
    ];
    let acknowledged = ["producer: order accepted", "replay: replayed"];
    assert_eq!(without(&story, &acknowledged), expected, "{story:#?}");
    assert_named(&lines, id, &trace_of(&lines));
}

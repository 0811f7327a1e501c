//! `docs/logs.md` names the fields of real lines and records.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tidegate::broker::{Broker, FetchLimit};
use tidegate::message::{Offset, Partition, TopicName, TopicPartition};

use crate::harness::{Program, Setup, eventually};
use crate::receiver::Receiver;

const PAGE: &str = include_str!("../../../docs/logs.md");

/// The example lines of the page.
fn examples() -> Vec<Value> {
    let blocks = PAGE.split("\n```json\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    blocks.flat_map(str::lines).map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn fields(line: &Value) -> BTreeSet<&str> {
    line.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The fields that the page's first table names.
fn named() -> Vec<&'static str> {
    let table = PAGE.split("| field | in |").nth(1).unwrap().split("\n\n").next().unwrap();
    let cells = table.lines().skip(2).filter_map(|row| row.split('|').nth(1));
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

/// Something of everything that the page shows.
async fn act(up: &Program) {
    let order = up.order("fail-transient-1").await;
    up.reaches(&order.order_id, "completed").await;
    let dead = up.order("fail-until-replay").await;
    up.reaches(&dead.order_id, "failed").await;
    up.dead_letter(&dead.event_id).await;
    up.replay().post("/api/v1/replay", &json!({"event_ids": [dead.event_id]})).await.expect(200);
    up.reaches(&dead.order_id, "completed").await;
    let request = up.producer().request("PUT", "/api/v1/log-level").header("x-operator", "ada");
    let filter = json!({"filter": "info,tidegate=debug", "for": "10m"});
    up.producer().send(request.json(&filter)).await.expect(200);
    up.gateway().put("/api/v1/gateway", &json!({"latency_ms": 1})).await.expect(200);
    up.gateway().put("/api/v1/gateway", &json!({"latency_ms": -1})).await.expect(400);
    up.replay().delete("/api/v1/dlq/clear").await.expect(400);
}

fn lines(up: &Program) -> Vec<Value> {
    let log = up.stderr();
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

/// What was written down, read when the program has let go of its log.
async fn audited(folder: &std::path::Path) -> Vec<Value> {
    let broker = Broker::embedded(folder.join("data/log")).unwrap();
    let at = TopicPartition::new(TopicName::new("orders_audit").unwrap(), Partition(0));
    let fetched = broker.fetch(at, Offset(0), FetchLimit::default()).await.unwrap();
    broker.close().await;
    fetched
        .records
        .iter()
        .map(|record| serde_json::from_slice(record.value.as_deref().unwrap()).unwrap())
        .collect()
}

#[tokio::test]
async fn the_page_names_the_fields_of_real_lines_and_records() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let up = receiver.of(Setup::up(folder.path())).ready().await;
    act(&up).await;
    let lines = eventually("the last line is written", async || {
        let lines = lines(&up);
        lines
            .iter()
            .any(|line| line["message"] == "an operator's call was refused")
            .then_some(lines)
    })
    .await;
    up.end().await;

    for line in &lines {
        for field in ["timestamp", "level", "service", "version", "target", "message"] {
            assert!(line[field].is_string(), "{field}: {line}");
        }
    }
    for field in named() {
        assert!(lines.iter().any(|line| line.get(field).is_some()), "no line has {field}");
    }
    let records = audited(folder.path()).await;
    let mut compared = 0;
    for example in examples() {
        let is_like = |real: &&Value| match example.get("message") {
            Some(message) => real["message"] == *message && real["action"] == example["action"],
            None => real["phase"] == example["phase"] && real["action"] == example["action"],
        };
        // That one is compared by the log's own tests.
        if example["message"].as_str().is_some_and(|text| text.starts_with("repeated ")) {
            continue;
        }
        let real = lines.iter().chain(&records).find(is_like);
        let real = real.unwrap_or_else(|| panic!("nothing like {example}"));
        assert_eq!(fields(&example), fields(real), "{example}\n{real}");
        compared += 1;
    }
    assert_eq!(compared, 10);
    let of_gateway = records.iter().filter(|record| record["action"] == "gateway");
    let phases: Vec<_> = of_gateway.map(|r| (r["service"].as_str(), r["phase"].as_str())).collect();
    let expected = ["begun", "ended", "refused"].map(|phase| (Some("gateway"), Some(phase)));
    assert_eq!(phases, expected);
}

/// The level is changed while it runs: lines come that were not there, and go again by themselves.
#[tokio::test]
async fn the_level_is_changed_at_run_time_and_goes_back_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let finished = |up: &Program| up.stderr().matches("\"finished\"").count();
    let order = up.order("widget").await;
    up.reaches(&order.order_id, "completed").await;
    assert_eq!(finished(&up), 0);
    let filter = json!({"filter": "info,tidegate=debug"});
    let set = up.gateway().put("/api/v1/log-level", &filter).await.expect(200);
    let all = json!(["producer", "consumer", "replay", "gateway"]);
    assert_eq!(set.data()["applies_to"], all, "{}", set.body);
    let order = up.order("widget").await;
    up.reaches(&order.order_id, "completed").await;
    eventually("each end of a record is told", async || (finished(&up) > 0).then_some(())).await;

    up.producer().put("/api/v1/log-level", &json!({"filter": "warn"})).await.expect(200);
    let passing = json!({"filter": "debug", "for": "1s"});
    up.replay().put("/api/v1/log-level", &passing).await.expect(200);
    let read = eventually("it goes back", async || {
        let read = up.consumer().get("/api/v1/log-level").await.expect(200);
        (read.data()["filter"] == "warn").then_some(read)
    })
    .await;
    assert_eq!(
        (&read.data()["at_start"], &read.data()["goes_back"]),
        (&json!("info"), &Value::Null)
    );
    assert!(up.stderr().contains("the log's filter went back by itself"));
    up.end().await;
}

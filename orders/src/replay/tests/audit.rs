//! Rule 39: who did what, written down before and after; and clearing, which cannot be taken back.

use std::sync::Arc;

use serde_json::json;
use tidegate::broker::Watermarks;
use tidegate::message::{Partition, TopicPartition};

use tidegate::metrics::Metrics;

use super::*;
use crate::audit::{Action, Audit, Operator, Task};
use crate::http::Correlation;

/// The audit topic, oldest first.
async fn audit(bench: &Bench) -> Vec<(String, Value)> {
    bench.service.until("read", |_| true).await;
    let records = bench.service.records("orders_audit").into_iter();
    let text = |bytes: Option<bytes::Bytes>| String::from_utf8(bytes.unwrap().to_vec()).unwrap();
    let read = |record: tidegate::message::Record| {
        (text(record.key), serde_json::from_str(&text(record.value)).unwrap())
    };
    records.map(read).collect()
}

fn by(operator: &str, mut request: Request<Body>) -> Request<Body> {
    request.headers_mut().insert("x-operator", operator.parse().unwrap());
    request.headers_mut().insert("x-correlation-id", "case-7".parse().unwrap());
    request
}

on_each_database!(
    rule_39_a_replay_is_written_down_before_and_after,
    refused_calls_and_dry_runs_are_written_down_too,
    rule_39_an_operator_without_a_name_is_the_address_of_the_request,
    clearing_deletes_what_was_there_and_says_how_many,
    a_clearing_that_fails_half_way_is_written_down_with_what_it_deleted,
    clearing_needs_a_word,
    rule_39_without_an_audit_record_nothing_is_done,
    what_cannot_be_begun_is_written_down_as_refused,
);

async fn rule_39_a_replay_is_written_down_before_and_after(on: Database) {
    let bench = dead(on, &[("o-1", "fail-until-replay"), ("o-2", "fail-permanent")]).await;
    let request = by("ada", post("/api/v1/replay", r#"{"error":"until"}"#));
    let answer = call(&routes(&bench), request).await;
    let records = audit(&bench).await;
    assert_eq!(records.len(), 2);
    let letter = bench.service.dead_letters().into_iter().find(|l| l.event_id.as_str() == "e-o-1");
    let coordinates = letter.unwrap().coordinates;
    let (partition, offset) = coordinates.rsplit_once('/').unwrap();
    let letters = json!({ partition: [offset.parse::<u64>().unwrap()] });
    for ((key, record), phase) in records.iter().zip(["begun", "ended"]) {
        assert_eq!(*key, answer.body["data"]["job"]);
        assert_eq!((&record["job"], &record["phase"]), (&json!(key), &json!(phase)));
        assert_eq!((&record["who"], &record["action"]), (&json!("ada"), &json!("replay")));
        assert_eq!(record["correlation_id"], "case-7");
        assert_eq!(record["request"], json!({"error": "until"}));
        assert_eq!(record["letters"], letters);
        record["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    }
    // Rule 36: the set was frozen.
    assert_eq!(records[0].1["selection"], records[1].1["selection"]);
    let counts = json!({"replayed": 1, "failed": 0, "skipped": 0, "cleared": 0});
    assert_eq!(records[1].1["counts"], counts);
}

async fn refused_calls_and_dry_runs_are_written_down_too(on: Database) {
    let bench = dead(on, &[("o-1", "fail-permanent")]).await;
    let routes = routes(&bench);
    replay(&routes, r#"{"max_messages":0}"#).await.refused(400, "max_messages");
    replay(&routes, "{").await.refused(400, "body");
    clear(&routes, "").await.refused(400, "confirm");
    replay(&routes, r#"{"dry_run":true}"#).await;
    let records = audit(&bench).await;
    let told: Vec<_> = records.iter().map(|(_, r)| (&r["action"], &r["phase"])).collect();
    let (replay, refused) = (json!("replay"), json!("refused"));
    let expected = [
        (&replay, &refused),
        (&replay, &refused),
        (&json!("clear"), &refused),
        (&json!("dry_run"), &json!("ended")),
    ];
    assert_eq!(told, expected);
    assert_eq!(
        records[0].1["errors"],
        json!(["max_messages must be a whole number from 1 to 10000"])
    );
    assert_eq!(records[0].1["who"], "unknown");
}

async fn rule_39_an_operator_without_a_name_is_the_address_of_the_request(on: Database) {
    let bench = Bench::new(on).await;
    let mut request = post("/api/v1/replay", "{}");
    let from: std::net::SocketAddr = "192.0.2.7:5000".parse().unwrap();
    request.extensions_mut().insert(axum::extract::ConnectInfo(from));
    call(&routes(&bench), request).await;
    let record = &audit(&bench).await[0].1;
    assert_eq!((&record["who"], &record["peer"]), (&json!("192.0.2.7"), &json!("192.0.2.7")));
    let mut request = by("ada", post("/api/v1/replay", "{"));
    request.extensions_mut().insert(axum::extract::ConnectInfo(from));
    call(&routes(&bench), request).await.refused(400, "body");
    let record = &audit(&bench).await.pop().unwrap().1;
    assert_eq!((&record["who"], &record["peer"]), (&json!("ada"), &json!("192.0.2.7")));
    assert_eq!((&record["phase"], &record["service"]), (&json!("refused"), &json!("replay")));
}

async fn clearing_deletes_what_was_there_and_says_how_many(on: Database) {
    let bench = dead(on, &[("o-1", "fail-permanent"), ("o-2", "fail-permanent")]).await;
    let routes = routes(&bench);
    let answer = clear(&routes, "?confirm=true").await;
    assert_eq!(answer.body["data"]["cleared_messages"], 2, "{}", answer.text);
    assert_eq!(statuses(&routes).await, []);
    assert_eq!(clear(&routes, "?confirm=true").await.body["data"]["cleared_messages"], 0);
    let records = audit(&bench).await;
    assert_eq!(records.len(), 4);
    let (begun, ended) = (&records[0].1, &records[1].1);
    assert_eq!((&begun["phase"], &ended["phase"]), (&json!("begun"), &json!("ended")));
    let ends: u64 = begun["ends"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!((ends, &ended["counts"]["cleared"]), (2, &json!(2)));
}

async fn a_clearing_that_fails_half_way_is_written_down_with_what_it_deleted(on: Database) {
    let bench = dead(on, &[("o-1", "fail-permanent")]).await;
    let service = ReplayService::new(&bench.config, bench.service.broker().clone());
    let (broker, topic) = (bench.service.broker(), crate::consumer::testing::topic);
    let mut bounds =
        vec![(TopicPartition::new(topic("not_there"), Partition(0)), Watermarks::default())];
    for partition in tidegate::replay::partitions(broker, &topic("orders_dlq")).await.unwrap() {
        let watermarks = broker.watermarks(partition.clone()).await.unwrap();
        bounds.push((partition, watermarks));
    }
    let (who, correlation) = (Operator::default(), Correlation::generate());
    let task = Task::new(Action::Clear, &who, &correlation, Value::Null);
    let error = service.desk.delete(&task, bounds).await.unwrap_err().to_string();
    assert!(error.contains("not_there"), "{error}");
    let records = audit(&bench).await;
    let (begun, ended) = (&records[0].1, &records[1].1);
    assert_eq!((&begun["phase"], &ended["phase"]), (&json!("begun"), &json!("ended")));
    assert_eq!((&ended["errors"], &ended["counts"]["cleared"]), (&json!([error]), &json!(1)));
}

async fn clearing_needs_a_word(on: Database) {
    let bench = dead(on, &[("o-1", "fail-permanent")]).await;
    let routes = routes(&bench);
    for query in ["", "?confirm=false", "?confirm=yes", "?confirm=1"] {
        clear(&routes, query).await.refused(400, "confirm");
    }
    clear(&routes, "?confirm=true&all=1").await.refused(400, "all");
    assert_eq!(statuses(&routes).await.len(), 1);
}

async fn rule_39_without_an_audit_record_nothing_is_done(on: Database) {
    let bench = dead(on, &[("o-1", "fail-until-replay")]).await;
    let service = ReplayService::new(&bench.config, bench.service.broker().clone());
    let service = Arc::into_inner(service).unwrap();
    let mut desk = Arc::into_inner(service.desk).unwrap();
    let nowhere = crate::consumer::testing::topic("not_there");
    desk.audit = Audit::to("replay", bench.service.broker().clone(), nowhere);
    let service = ReplayService::of(desk, Vec::new(), service.metrics);
    let routes = crate::http::service(router(service), 1 << 20);
    replay(&routes, "{}").await.refused(503, "audit");
    clear(&routes, "?confirm=true").await.refused(503, "audit");
    assert_eq!(statuses(&routes).await, [("e-o-1".into(), "dead".into())]);
    bench.service.settled().await;
    assert_eq!(bench.gateway.calls().len(), 1);
}

/// Nothing was done, as the letters cannot be read: the answer does not wait for that to be written down.
async fn what_cannot_be_begun_is_written_down_as_refused(on: Database) {
    let bench = dead(on, &[("o-1", "fail-until-replay")]).await;
    let service = ReplayService::new(&bench.config, bench.service.broker().clone());
    let service = Arc::into_inner(service).unwrap();
    let mut desk = Arc::into_inner(service.desk).unwrap();
    desk.letters.topic = crate::consumer::testing::topic("not_there");
    let service = ReplayService::of(desk, Vec::new(), Metrics::new());
    let routes = crate::http::service(router(service), 1 << 20);
    replay(&routes, "{}").await.refused(503, "broker");
    clear(&routes, "?confirm=true").await.refused(503, "broker");
    bench.service.until("both are written", |t| t.records("orders_audit").len() == 2).await;
    for (_, record) in audit(&bench).await {
        assert_eq!(record["phase"], "refused");
        assert!(record["errors"][0].as_str().unwrap().contains("not_there"), "{record}");
    }
}

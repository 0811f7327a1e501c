//! Dead letters shown: fields, filters, pages, counts, whatever bytes they hold.

use serde_json::json;
use tidegate::message::NewRecord;

use super::*;
use crate::consumer::testing::topic;

/// The event ids of a listing.
async fn ids(routes: &Router, query: &str) -> Vec<String> {
    let answer = list(routes, query).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let messages = answer.body["data"]["messages"].as_array().unwrap();
    assert_eq!(answer.body["data"]["count"], messages.len());
    messages.iter().map(|m| m["event_id"].as_str().unwrap().to_owned()).collect()
}

on_each_database!(
    rule_32_a_letter_is_shown_with_everything_that_is_known,
    pages_run_newest_first,
    every_filter_narrows,
    what_is_wrong_with_a_query_is_named,
    bytes_of_any_kind_are_shown_safely,
    a_scan_ends_at_its_limit_and_says_so,
    statistics_count_types_classes_and_times,
    an_empty_topic_has_no_letters_and_no_times,
    without_a_broker_the_service_is_not_ready_and_says_so,
);

async fn rule_32_a_letter_is_shown_with_everything_that_is_known(on: Database) {
    let bench = dead(on, &[("o-1", "fail-always")]).await;
    let answer = list(&routes(&bench), "").await;
    let data = &answer.body["data"];
    let page = (&data["limit"], &data["offset"], &data["count"], &data["truncated"]);
    assert_eq!(page, (&json!(10), &json!(0), &json!(1), &json!(false)));
    let message = &data["messages"][0];
    assert_eq!(message["original_event"]["data"]["order"]["id"], "o-1");
    assert_eq!(message["original_event_encoding"], "json");
    assert!(answer.text.contains(r#""price":0.10"#), "digits are kept: {}", answer.text);
    assert_eq!(message["key"], "o-1");
    assert_eq!(message["event_type"], "order.created");
    assert_eq!(message["correlation_id"], "c-1");
    assert_eq!((&message["class"], &message["status"]), (&json!("transient"), &json!("dead")));
    assert_eq!(
        (&message["group"], &message["attempts"]),
        (&json!("orders-consumer-group"), &json!(3))
    );
    let (origin, error) = (&message["origin"], "simulated: fail-always");
    assert_eq!((&origin["topic"], &origin["offset"]), (&json!("orders"), &json!(0)));
    assert_eq!((&message["reason"], &message["final_error"]), (&json!(error), &json!(error)));
    let history = message["retry_history"].as_array().unwrap();
    let numbers: Vec<_> = history.iter().map(|tried| tried["attempt_number"].clone()).collect();
    assert_eq!(numbers, [json!(1), json!(2), json!(3)]);
    assert_eq!(history[0]["error"], error);
    assert!(history[0]["duration"].as_str().unwrap().ends_with('s'), "{}", history[0]);
    for time in [&history[0]["timestamp"], &message["created_at"], &origin["timestamp"]] {
        time.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    }
    let header = &message["headers"][0];
    assert_eq!(header, &json!({"name": "event_id", "value": "e-o-1"}));
}

async fn pages_run_newest_first(on: Database) {
    let all = [("o-1", "fail-permanent"), ("o-2", "fail-permanent"), ("o-3", "fail-permanent")];
    let bench = dead(on, &all).await;
    let routes = routes(&bench);
    assert_eq!(ids(&routes, "").await, ["e-o-3", "e-o-2", "e-o-1"]);
    assert_eq!(ids(&routes, "?limit=2").await, ["e-o-3", "e-o-2"]);
    assert_eq!(ids(&routes, "?limit=2&offset=2").await, ["e-o-1"]);
    assert_eq!(ids(&routes, "?offset=3").await, Vec::<String>::new());
}

async fn every_filter_narrows(on: Database) {
    let bench = dead(on, &[("o-1", "fail-permanent"), ("o-2", "fail-always")]).await;
    let unknown = NewRecord::new(topic("orders")).key("o-3").header("event_type", "order.odd");
    bench.publish([unknown.header("event_id", "e-o-3")]).await;
    let routes = routes(&bench);
    assert_eq!(ids(&routes, "?error=FAIL-ALWAYS").await, ["e-o-2"]);
    assert_eq!(ids(&routes, "?event_type=order.odd").await, ["e-o-3"]);
    assert_eq!(ids(&routes, "?event_type=order.created&limit=1").await, ["e-o-2"]);
    assert_eq!(ids(&routes, "?q=o-1").await, ["e-o-1"]);
    assert_eq!(ids(&routes, "?q=ORDER.ODD").await, ["e-o-3"]);
    assert_eq!(ids(&routes, "?status=resolved").await, Vec::<String>::new());
    assert_eq!(ids(&routes, "?status=dead").await.len(), 3);
    assert_eq!(ids(&routes, "?from=2000-01-01T00:00:00Z").await.len(), 3);
    assert_eq!(ids(&routes, "?to=2000-01-01T00:00:00Z").await, Vec::<String>::new());
}

async fn what_is_wrong_with_a_query_is_named(on: Database) {
    let bench = Bench::new(on).await;
    let routes = routes(&bench);
    for (query, field) in [
        ("?limit=0", "limit"),
        ("?limit=-1", "limit"),
        ("?limit=1001", "limit"),
        ("?offset=-1", "offset"),
        ("?from=yesterday", "from"),
        ("?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("?status=lost", "status"),
        ("?sort=up", "sort"),
        ("?limit=1&limit=2", "limit"),
    ] {
        list(&routes, query).await.refused(400, field);
    }
}

async fn bytes_of_any_kind_are_shown_safely(on: Database) {
    let bench = Bench::new(on).await;
    let dlq = || NewRecord::new(topic("orders_dlq"));
    let records = [
        dlq().key(vec![0xff]).value(vec![0xff, 0xfe, 0xfb]).header("h", vec![0xff]),
        dlq().value("plain text"),
        dlq(),
        dlq().value("[".repeat(200)),
    ];
    for record in records {
        bench.service.publish_record(record).await;
    }
    let answer = list(&routes(&bench), "").await;
    let messages = answer.body["data"]["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 4);
    let of = |kind: &str| messages.iter().find(|m| m["original_event_encoding"] == kind).unwrap();
    assert_eq!(of("base64")["original_event"], json!({"base64": "//77"}));
    assert_eq!(of("base64")["headers"][0], json!({"name": "h", "value": {"base64": "/w=="}}));
    assert_eq!(of("null")["original_event"], json!(null));
    let texts = messages.iter().filter(|m| m["original_event_encoding"] == "text");
    assert_eq!(texts.count(), 2);
    assert!(messages.iter().all(|m| m["status"] == "dead" && m["origin"].is_null()));
}

async fn a_scan_ends_at_its_limit_and_says_so(on: Database) {
    let all = [("o-1", "fail-permanent"), ("o-2", "fail-permanent"), ("o-3", "fail-permanent")];
    let mut bench = dead(on, &all).await;
    bench.config.stores.dlq_scan_limit = 2;
    let routes = routes(&bench);
    let answer = list(&routes, "").await;
    let data = &answer.body["data"];
    assert_eq!((&data["count"], &data["truncated"]), (&json!(2), &json!(true)));
    let stats = call(&routes, get("/api/v1/dlq/stats")).await;
    assert_eq!(stats.body["data"]["truncated"], true);
}

async fn statistics_count_types_classes_and_times(on: Database) {
    let bench = dead(on, &[("o-1", "fail-permanent"), ("o-2", "fail-always")]).await;
    let answer = call(&routes(&bench), get("/api/v1/dlq/stats")).await;
    let data = &answer.body["data"];
    assert_eq!(data["total_messages"], 2);
    assert_eq!(data["event_types"], json!({"order.created": 2}));
    assert_eq!(data["error_categories"], json!({"permanent": 1, "transient": 1}));
    assert_eq!(data["statuses"], json!({"dead": 2}));
    let time = |field: &str| data[field].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(time("oldest_message") <= time("newest_message"));
}

async fn an_empty_topic_has_no_letters_and_no_times(on: Database) {
    let bench = Bench::new(on).await;
    let routes = routes(&bench);
    assert_eq!(ids(&routes, "").await, Vec::<String>::new());
    let answer = call(&routes, get("/api/v1/dlq/stats")).await;
    assert_eq!(answer.body["data"]["oldest_message"], json!(null));
}

async fn without_a_broker_the_service_is_not_ready_and_says_so(on: Database) {
    let bench = Bench::new(on).await;
    let routes = routes(&bench);
    assert_eq!(call(&routes, get("/ready")).await.status, 200);
    bench.service.broker().close().await;
    call(&routes, get("/ready")).await.refused(503, "broker");
    list(&routes, "").await.refused(503, "broker");
    replay(&routes, "{}").await.refused(503, "broker");
    assert_eq!(call(&routes, get("/health")).await.status, 200);
}

//! Settings that are changed between two records, refusals, and processes without a broker.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tidegate::broker::{FetchLimit, NewTopic};
use tidegate::message::{Offset, Partition, TopicPartition};

use super::*;
use crate::http::Correlation;

fn task() -> Task {
    let who = Operator { name: Some("ada".into()), peer: Some([192, 0, 2, 7].into()) };
    Task::new(Action::LogLevel, &who, &Correlation::generate(), json!({"filter": "debug"}))
}

async fn broker() -> Broker {
    let broker = Broker::in_memory();
    assert_eq!(broker.create_topics(vec![NewTopic::new(topics::audit(), 1)]).await, [Ok(())]);
    broker
}

async fn records(broker: &Broker) -> Vec<Value> {
    let partition = TopicPartition::new(topics::audit(), Partition(0));
    let fetched = broker.fetch(partition, Offset(0), FetchLimit::default()).await.unwrap();
    let read = |record: &tidegate::message::Record| {
        serde_json::from_slice(record.value.as_deref().unwrap()).unwrap()
    };
    fetched.records.iter().map(read).collect()
}

#[tokio::test]
async fn a_change_stands_between_two_records() {
    let broker = broker().await;
    let audit = Audit::of("producer", Some(broker.clone()));
    let now = audit.change(task(), || Ok(json!({"filter": "debug"}))).await.unwrap();
    assert_eq!(now, json!({"filter": "debug"}));
    let records = records(&broker).await;
    assert_eq!(records.len(), 2);
    for (record, phase) in records.iter().zip(["begun", "ended"]) {
        for (field, value) in [
            ("version", json!(1)),
            ("job", records[0]["job"].clone()),
            ("service", json!("producer")),
            ("action", json!("log_level")),
            ("phase", json!(phase)),
            ("who", json!("ada")),
            ("peer", json!("192.0.2.7")),
            ("request", json!({"filter": "debug"})),
        ] {
            assert_eq!(record[field], value, "{record}");
        }
    }
    assert_eq!((&records[0]["now"], &records[1]["now"]), (&Value::Null, &now));
}

#[tokio::test]
async fn without_its_first_record_nothing_is_changed() {
    let changes = Arc::new(AtomicUsize::new(0));
    let count = changes.clone();
    let audit = Audit::of("producer", Some(Broker::in_memory()));
    let refused = audit.change(task(), move || {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(Value::Null)
    });
    let reply = refused.await.unwrap_err();
    assert_eq!(reply.status(), 503, "{}", reply.message());
    assert!(reply.message().starts_with("audit: the audit record cannot be written"));
    assert_eq!(changes.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_change_that_fails_and_a_refusal_say_why() {
    let broker = broker().await;
    let audit = Audit::of("producer", Some(broker.clone()));
    let reply = audit.change(task(), || Err("there is no log".to_owned())).await.unwrap_err();
    assert_eq!(reply.status(), 500);
    let refusal = Reply::invalid(StatusCode::BAD_REQUEST, "filter", "is no filter");
    let reply = audit.refused(&task(), vec!["filter is no filter".into()], refusal).await;
    assert_eq!(reply.status(), 400);
    let records = records(&broker).await;
    assert_eq!(
        (&records[1]["phase"], &records[1]["errors"]),
        (&json!("ended"), &json!(["there is no log"]))
    );
    assert_eq!(records[2]["phase"], "refused");
    assert_eq!(records[2]["errors"], json!(["filter is no filter"]));
}

#[tokio::test]
async fn a_refusal_stands_though_it_cannot_be_written_down() {
    let audit = Audit::of("producer", Some(Broker::in_memory()));
    let refusal = Reply::invalid(StatusCode::BAD_REQUEST, "filter", "is no filter");
    assert_eq!(audit.refused(&task(), Vec::new(), refusal).await.status(), 400);
}

#[tokio::test]
async fn without_a_broker_the_log_line_is_the_record() {
    let audit = Audit::of("gateway", None);
    assert_eq!(audit.change(task(), || Ok(json!(1))).await.unwrap(), json!(1));
}

/// Records of earlier versions have no service and no address.
#[test]
fn older_records_can_still_be_read() {
    let old = r#"{"version":1,"job":"j","action":"replay","phase":"ended","at":"2026-05-04T12:00:00Z","who":"ada",
        "correlation_id":"c","request":{},"letters":{"orders_dlq/0":[4,7]}}"#;
    let record: AuditRecord = serde_json::from_str(old).unwrap();
    let letters: Vec<_> = record.detail.letters.unwrap().iter().collect();
    assert_eq!(letters, ["orders_dlq/0/4", "orders_dlq/0/7"]);
}

/// A change whose client has gone away, when the process ends.
#[tokio::test(start_paused = true)]
async fn the_end_waits_for_what_was_begun_in_any_service() {
    let broker = broker().await;
    let audit = Audit::of("orders", Some(broker.clone()));
    let of_a_service = audit.named("producer");
    of_a_service.refused_soon(&task(), vec!["no store".into()]);
    let late = of_a_service.clone();
    of_a_service.running.spawn(async move {
        tokio::time::sleep(AT_THE_END / 2).await;
        late.write(&task(), Phase::Ended, Detail::default()).await.unwrap();
    });
    audit.finish().await;
    let records = records(&broker).await;
    let phases: Vec<_> = records.iter().map(|record| &record["phase"]).collect();
    assert_eq!(phases, ["refused", "ended"]);
    assert_eq!(records[0]["service"], "producer");
}

#[tokio::test(start_paused = true)]
async fn the_end_does_not_wait_for_ever() {
    let audit = Audit::of("orders", None);
    audit.running.spawn(std::future::pending::<()>());
    let began = tokio::time::Instant::now();
    audit.finish().await;
    assert!((AT_THE_END..2 * AT_THE_END).contains(&began.elapsed()), "{:?}", began.elapsed());
}

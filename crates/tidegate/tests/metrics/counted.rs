//! Records by how they ended, attempts by what came of them.

use std::sync::Arc;

use tidegate::metrics::Metrics;
use tidegate::prelude::*;
use tidegate::testing::TestService;

use crate::support::{Ordered, Scrape, charge, gate, order, record};

async fn service(metrics: &Metrics) -> TestService {
    let retry = Retry::exponential(millis(10), millis(100)).attempts(5);
    let routes = Topic::json("orders").on(charge).retry(retry).skip(["order.shipped"]);
    TestService::builder(routes.with_state(gate())).metrics(metrics).start().await
}
#[tokio::test]
async fn what_becomes_of_records_is_counted_by_outcome_and_attempts_by_result() {
    let metrics = Metrics::new();
    let t = service(&metrics).await;
    for id in ["a", "b", "twice", "never", "panics"] {
        t.publish("orders", &order(id)).await;
    }
    t.publish_record(record("order.shipped", "s")).await;
    t.publish_record(record("order.unheard.of", "u")).await;
    t.settled().await;
    let told = Scrape::of(&metrics);
    let settled = |outcome| {
        told.value(&format!("tidegate_records_settled_total{{group=\"test\",topic=\"orders\",outcome=\"{outcome}\"}}"))
    };
    assert_eq!(
        (settled("done"), settled("skipped"), settled("dead"), settled("duplicate")),
        (4.0, 1.0, 2.0, 0.0)
    );
    let attempts = |handler, result| {
        told.value(&format!(
            "tidegate_attempts_total{{group=\"test\",handler=\"{handler}\",result=\"{result}\"}}"
        ))
    };
    assert_eq!(attempts("order.created", "done"), 4.0);
    assert_eq!(attempts("order.created", "transient"), 2.0);
    assert_eq!(attempts("order.created", "permanent"), 1.0);
    assert_eq!(attempts("order.created", "panic"), 1.0);
    assert_eq!(attempts("skipped", "skipped"), 1.0);
    assert_eq!(attempts("unhandled", "permanent"), 1.0);
    let took = "tidegate_attempt_duration_seconds_count{group=\"test\",handler=\"order.created\"}";
    assert_eq!(told.value(took), 8.0, "each attempt took its time");
    assert_eq!(told.value("tidegate_lane_wait_seconds_count{group=\"test\"}"), 10.0);
    assert_eq!(
        told.value("tidegate_record_age_seconds_count{group=\"test\",topic=\"orders\"}"),
        7.0
    );
    assert_eq!(told.value("tidegate_events_total{group=\"test\",event=\"retrying\"}"), 3.0);
    assert_eq!(told.value("tidegate_events_total{group=\"test\",event=\"started\"}"), 3.0);
    assert_eq!(told.value("tidegate_records_in_flight{group=\"test\",topic=\"orders\"}"), 0.0);
    assert_eq!(told.value("tidegate_ledger_holes{group=\"test\",topic=\"orders\"}"), 0.0);
    assert_eq!(told.value("tidegate_published_total{topic=\"payments\",result=\"acked\"}"), 4.0);
    assert_eq!(
        told.value("tidegate_published_total{topic=\"orders.test.dlq\",result=\"acked\"}"),
        2.0
    );
}

async fn note(Payload(order): Payload<Ordered>, mut tx: Inbox<Sqlite>) -> Result<(), sqlx::Error> {
    sqlx::query("insert into notes (id) values (?)")
        .bind(&order.id)
        .execute(&mut *tx)
        .await
        .map(drop)
}

#[tokio::test]
async fn an_event_that_comes_twice_is_a_duplicate() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteInbox::open(folder.path().join("notes.db")).await.unwrap();
    sqlx::raw_sql("create table notes (id text not null)").execute(store.writer()).await.unwrap();
    let metrics = Metrics::new();
    let routes = Topic::json("orders").on(note).inbox(Arc::new(store)).with_state(());
    let t = TestService::builder(routes).metrics(&metrics).start().await;
    for _ in 0..2 {
        t.publish_record(record(Ordered::TYPE, "o")).await;
    }
    t.settled().await;
    metrics.sample().await;
    let told = Scrape::of(&metrics);
    let of = |outcome| {
        told.value(&format!("tidegate_records_settled_total{{group=\"test\",topic=\"orders\",outcome=\"{outcome}\"}}"))
    };
    assert_eq!((of("done"), of("duplicate")), (1.0, 1.0));
    let attempts =
        "tidegate_attempts_total{group=\"test\",handler=\"order.created\",result=\"duplicate\"}";
    assert_eq!(told.value(attempts), 1.0);
    let up = "tidegate_store_up{group=\"test\",store=\"sqlite\"}";
    assert_eq!(told.value(up), 1.0, "its kind, not its path");
}

/// Cardinality: nothing that comes in a record becomes a label.
#[tokio::test]
async fn no_label_is_an_id_a_key_or_a_type_that_no_handler_takes() {
    let metrics = Metrics::new();
    let t = service(&metrics).await;
    for n in 0..20 {
        t.publish_record(record(&format!("made.up.{n}"), &format!("key-{n}"))).await;
    }
    t.settled().await;
    let told = Scrape::of(&metrics);
    assert_eq!(told.sum("tidegate_attempts_total"), 20.0);
    let planted =
        |series: &&String| ["made.up", "key-", "id-of-"].iter().any(|part| series.contains(part));
    assert_eq!(told.0.keys().find(planted), None);
}

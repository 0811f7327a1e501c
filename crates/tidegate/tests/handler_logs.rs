//! What a handler logs can be found by the record that it worked on.
//!
//! Alone in its process: whether a span is recorded is remembered for all threads, also those of tests without a log.

#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tidegate::headers::names;
use tidegate::message::{NewRecord, Partition, TopicName};
use tidegate::prelude::*;
use tidegate::testing::TestService;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Ordered {
    id: String,
}

impl Event for Ordered {
    const TYPE: &'static str = "order.created";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

async fn talking(Payload(_): Payload<Ordered>) {
    tracing::info!("the handler's own words");
}

#[tokio::test]
async fn a_handlers_own_line_names_event_correlation_and_place() {
    let lines = tempfile::NamedTempFile::new().unwrap();
    let writer = Arc::new(lines.reopen().unwrap());
    let subscriber = tracing_subscriber::fmt().json().with_writer(writer).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let service = TestService::new(Topic::json("orders").on(talking)).await;
    let record = NewRecord::new(TopicName::new("orders").unwrap())
        .partition(Partition(0))
        .value(serde_json::to_vec(&Ordered { id: "o-1".to_owned() }).unwrap())
        .header(names::EVENT_ID, "e-1")
        .header(names::EVENT_TYPE, Ordered::TYPE)
        .header(names::CORRELATION_ID, "case-7");
    service.publish_record(record).await;
    service.settled().await;
    let text = std::fs::read_to_string(lines.path()).unwrap();
    let own = text.lines().find(|line| line.contains("own words")).expect(&text);
    let span = serde_json::from_str::<serde_json::Value>(own).unwrap()["span"].clone();
    for (field, value) in [
        ("handler", "order.created"),
        ("event_id", "e-1"),
        ("correlation_id", "case-7"),
        ("partition", "orders/0"),
    ] {
        assert_eq!(span[field], value, "{own}");
    }
    assert_eq!(span["offset"], 0, "{own}");
}

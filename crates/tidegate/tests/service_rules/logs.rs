//! What a handler logs can be found by the record that it worked on.

use std::sync::Arc;

use tidegate::headers::names;
use tidegate::prelude::*;
use tidegate::testing::TestService;

use crate::common::{Ordered, record};

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
    let record = record("orders", "e-1", "o-1").header(names::CORRELATION_ID, "case-7");
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

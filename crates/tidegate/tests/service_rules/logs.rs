//! What a handler logs can be found by the record that it worked on.

use std::io;
use std::sync::{Arc, Mutex};

use tidegate::headers::names;
use tidegate::prelude::*;
use tidegate::testing::TestService;
use tracing_subscriber::fmt::MakeWriter;

use crate::common::{Ordered, record};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

async fn talking(Payload(_): Payload<Ordered>) {
    tracing::info!("the handler's own words");
}

#[tokio::test]
async fn a_handlers_own_line_names_event_correlation_and_place() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().json().with_writer(lines.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let service = TestService::new(Topic::json("orders").on(talking)).await;
    let record = record("orders", "e-1", "o-1").header(names::CORRELATION_ID, "case-7");
    service.publish_record(record).await;
    service.settled().await;
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
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

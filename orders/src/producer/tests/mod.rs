mod broker;
mod orders;
mod reading;

use std::time::Duration;

use axum::Router;
use tempfile::TempDir;
use tidegate::broker::Broker;
use tidegate::message::TopicName;

use super::{Producer, Settings};
use crate::model::Reader;
use broker::Scripted;

/// A producer over a scripted broker and a read model in a folder of its own.
struct Fixture {
    broker: Scripted,
    routes: Router,
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        Self::with(|settings| settings)
    }

    fn with(change: impl FnOnce(Settings) -> Settings) -> Self {
        let broker = Scripted::with_topic("orders");
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::new(TopicName::new("orders").unwrap());
        let settings = change(Settings { hold: Duration::from_millis(1), ..settings });
        let reader = Reader::new(&folder.path().join("orders.db"));
        let producer = Producer::new(Broker::new(broker.clone()), reader, settings);
        let routes = crate::http::service(producer.routes(), 4096);
        Self { broker, routes, folder }
    }
}

const ORDER: &str = r#"{"customer_id":"c-1","product_id":"p-1","quantity":2,"price":0.10}"#;

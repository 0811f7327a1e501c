mod broker;
mod counts;
mod orders;
mod reading;

use std::time::Duration;

use axum::Router;
use tidegate::broker::Broker;
use tidegate::message::TopicName;

use super::{Producer, Settings};
use crate::model::testing::Place;
use crate::model::{Database, Reader};
use broker::Scripted;

/// A producer over a scripted broker and a read model of its own, which nobody has made yet.
struct Fixture {
    broker: Scripted,
    routes: Router,
    place: Place,
}

impl Fixture {
    fn new() -> Self {
        Self::with(|settings| settings)
    }

    fn with(change: impl FnOnce(Settings) -> Settings) -> Self {
        Self::made(Place::new(Database::Sqlite), change)
    }

    fn on(database: Database) -> Self {
        Self::made(Place::new(database), |settings| settings)
    }

    fn made(place: Place, change: impl FnOnce(Settings) -> Settings) -> Self {
        let broker = Scripted::with_topic("orders");
        let settings = Settings::new(TopicName::new("orders").unwrap());
        let settings = change(Settings { hold: Duration::from_millis(1), ..settings });
        let reader = Reader::new(&place.store);
        let producer = Producer::new(Broker::new(broker.clone()), reader, settings);
        let routes = producer.exposition().serve(producer.routes(), 4096);
        Self { broker, routes, place }
    }
}

const ORDER: &str = r#"{"customer_id":"c-1","product_id":"p-1","quantity":2,"price":0.10}"#;

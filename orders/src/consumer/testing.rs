//! A consumer under test: the real routes on a log in memory, virtual time, a scripted gateway, a real read model.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use clap::Parser;
use jiff::Timestamp;
use tempfile::TempDir;
use tidegate::broker::{BoxFuture, NewTopic};
use tidegate::event::{Event, EventId, Stamp};
use tidegate::message::{NewRecord, Timestamp as Millis, TopicName};
use tidegate::testing::TestService;

use super::{Payments, events};
use crate::config::{Config, Secret};
use crate::gateway::client::ChargeError;
use crate::model::testing::new_database;
use crate::model::{Database, Reader};
use crate::order::{Kind, Order, OrderEvent, OrderId, OrderStatus};

#[derive(Debug, Parser)]
struct Program {
    #[command(flatten)]
    config: Config,
}

/// One call of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) event_id: String,
    pub(crate) attempt: u32,
}

/// Answers from a script, then always yes. Keeps the idempotency keys, as the gateway does.
#[derive(Debug, Default)]
pub(crate) struct Script {
    answers: Mutex<VecDeque<ChargeError>>,
    calls: Mutex<Vec<Call>>,
    performed: Mutex<HashSet<String>>,
}

impl Script {
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// Charges that were really made.
    pub(crate) fn performed(&self) -> usize {
        self.performed.lock().unwrap().len()
    }

    fn answer(&self, event_id: &EventId, attempt: u32) -> Result<(), ChargeError> {
        let event_id = event_id.to_string();
        self.calls.lock().unwrap().push(Call { event_id: event_id.clone(), attempt });
        match self.answers.lock().unwrap().pop_front() {
            Some(error) => Err(error),
            None => {
                self.performed.lock().unwrap().insert(event_id);
                Ok(())
            }
        }
    }
}

impl Payments for Script {
    fn charge<'a>(
        &'a self,
        event_id: &'a EventId,
        _: &'a str,
        _: &'a Order,
        attempt: u32,
    ) -> BoxFuture<'a, Result<(), ChargeError>> {
        Box::pin(async move { self.answer(event_id, attempt) })
    }
}

/// Everything that a test asks.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) service: TestService,
    pub(crate) gateway: Arc<Script>,
    pub(crate) reader: Reader,
    pub(crate) config: Config,
    pub(crate) framework: tidegate::metrics::Metrics,
    _folder: TempDir,
}

impl Bench {
    pub(crate) async fn new(on: Database) -> Self {
        Self::with_answers(on, []).await
    }

    /// The gateway gives these answers first.
    pub(crate) async fn with_answers(
        on: Database,
        answers: impl IntoIterator<Item = ChargeError>,
    ) -> Self {
        Box::pin(Self::at((on == Database::Postgres).then(new_database), answers)).await
    }

    /// With these settings.
    pub(crate) async fn with_settings(on: Database, settings: &[&str]) -> Self {
        let url = (on == Database::Postgres).then(new_database);
        Box::pin(Self::build(url, settings, [])).await
    }

    /// With the read model in that PostgreSQL database, or in a file.
    pub(crate) async fn at(
        database_url: Option<Secret>,
        answers: impl IntoIterator<Item = ChargeError>,
    ) -> Self {
        Box::pin(Self::build(database_url, &[], answers)).await
    }

    async fn build(
        database_url: Option<Secret>,
        settings: &[&str],
        answers: impl IntoIterator<Item = ChargeError>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Program::parse_from([&["orders"], settings].concat()).config;
        config.stores.data_dir = folder.path().to_owned();
        config.stores.database_url = database_url;
        let answers = Mutex::new(answers.into_iter().collect());
        let gateway = Arc::new(Script { answers, ..Script::default() });
        let store = config.stores.read_model().open().await.unwrap();
        let routes = events(&config, store, gateway.clone());
        let framework = tidegate::metrics::Metrics::new();
        let service = TestService::builder(routes)
            .group(&config.kafka.kafka_consumer_group)
            .dead_letter_topic("orders", "orders_dlq")
            .retry_topics("orders_retry")
            .metrics(&framework)
            .start()
            .await;
        let created = service.broker().create_topics(vec![NewTopic::new(topic("orders_audit"), 1)]);
        assert_eq!(created.await, [Ok(())]);
        let reader = Reader::new(&config.stores.read_model());
        Self { service, gateway, reader, config, framework, _folder: folder }
    }

    /// Publishes events, and waits until the consumer has finished.
    pub(crate) async fn publish(&self, records: impl IntoIterator<Item = NewRecord>) {
        self.service.publish_records(records.into_iter().collect()).await;
        self.service.settled().await;
        self.service.assert_conserved();
    }

    /// The order's status, and why.
    pub(crate) async fn status(&self, order_id: &str) -> Option<(OrderStatus, Option<String>)> {
        let (view, _) = self.reader.get(order_id).await.unwrap()?;
        Some((view.order.status, view.reason))
    }

    /// All statuses that the order has had.
    pub(crate) async fn history(&self, order_id: &str) -> Vec<OrderStatus> {
        let (_, history) = self.reader.get(order_id).await.unwrap().unwrap();
        history.into_iter().map(|entry| entry.status).collect()
    }
}

pub(crate) fn topic(name: &str) -> TopicName {
    TopicName::new(name).unwrap()
}

/// An order as a producer makes it.
pub(crate) fn order(id: &str, product: &str) -> Order {
    let at: Timestamp = "2026-05-04T12:00:00Z".parse().unwrap();
    Order {
        id: OrderId::new(id),
        customer_id: "c-1".into(),
        product_id: product.into(),
        quantity: 1,
        price: "0.10".parse().unwrap(),
        status: OrderStatus::Pending,
        created_at: at,
        updated_at: at,
    }
}

/// The record of an event of this kind about the order.
pub(crate) fn record<K: Kind>(event_id: &str, order: Order) -> NewRecord {
    let key = order.id.as_str().to_owned();
    let mut event = OrderEvent::<K>::about(order);
    event.stamp(&Stamp {
        event_id: EventId::new(event_id),
        correlation_id: "c-1".into(),
        causation_id: None,
        at: Millis(1_777_896_000_000),
    });
    NewRecord::new(topic("orders"))
        .key(key)
        .value(serde_json::to_vec(&event).unwrap())
        .header("event_id", event_id.to_owned())
        .header("event_type", K::TYPE)
        .header("correlation_id", "c-1")
}

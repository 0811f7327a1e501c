//! The consumer: events in, charges and the read model out.
//!
//! ```text
//!  orders ─▶ routes ─▶ handlers ─┬─▶ gateway: charge, key = event id
//!                                └─▶ read model: order + marker + what is emitted, one transaction ─▶ orders
//!             failed again ──────▶ orders_retry: its place in orders is free; later events of the order wait behind it
//!             attempts spent ────▶ orders_dlq ─▶ order failed, order.failed
//! ```
//!
//! Guarantee: killed at any moment, an order has one final state and at most one performed charge.

#[cfg(test)]
mod down_postgres;
mod error;
mod handlers;
mod http;
mod lag;
mod metrics;
mod payments;
mod routes;
mod simulation;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod validate;

use std::sync::Arc;

use axum::Router as HttpRouter;
use tidegate::extract::FromRef;
use tidegate::inbox::InboxStore;
use tidegate::metrics::Metrics;
use tidegate::prelude::*;

pub use error::ProcessError;
pub use payments::Payments;

use crate::config::Config;
use crate::gateway::client::GatewayClient;
use crate::metrics::Exposition;
use crate::model::{Database, ModelError, Reader};

/// The first retry of a record waits in memory, so that a passing trouble costs no write; later ones, and any that would wait
/// longer than 5 s, wait in the retry topic. `RETRY_MAX_ATTEMPTS` counts both.
const IN_PLACE: u32 = 1;
/// How long a stop may take to finish what runs.
const DRAIN: Duration = secs(3);

/// What the handlers work with.
#[derive(Debug)]
pub struct App {
    payments: Arc<dyn Payments>,
    reader: Reader,
    /// Where events come from, and go to.
    topic: String,
    allow_crash: bool,
}

/// For the transactions of the handlers ([`Tx`](crate::model::Tx)).
impl FromRef<Arc<App>> for Database {
    fn from_ref(app: &Arc<App>) -> Self {
        app.reader.database()
    }
}

/// Why the consumer cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumerError {
    /// The read model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The HTTP client.
    #[error("no HTTP client for the gateway can be made")]
    Http(#[from] reqwest::Error),
}

/// A consumer, built and not running.
#[derive(Debug)]
pub struct Consumer {
    /// The group's member: `run_until` it.
    pub service: Service<StartFrom>,
    /// Its state over HTTP, without what all services share ([`crate::http::service`]).
    pub routes: HttpRouter,
    /// What it shows at `/metrics`.
    pub exposition: Exposition,
}

impl Consumer {
    /// Opens and migrates the read model, and puts everything together. Nothing is consumed before the service runs.
    ///
    /// # Errors
    /// [`ConsumerError`]; the message names the file or address.
    pub async fn build(config: &Config, broker: Broker) -> Result<Self, ConsumerError> {
        let gateway = GatewayClient::new(config.gateway_url())?;
        let store = config.stores.read_model().open().await?;
        Ok(Self::assemble(config, broker, store, Arc::new(gateway)))
    }

    fn assemble(
        config: &Config,
        broker: Broker,
        store: Arc<dyn InboxStore>,
        payments: Arc<dyn Payments>,
    ) -> Self {
        let metrics = Metrics::new();
        let broker = metrics.broker(broker);
        let kafka = &config.kafka;
        let group = kafka.kafka_consumer_group.clone();
        let routes = events(config, store, payments);
        let service = Service::new(group.clone(), broker.clone())
            .start_from(StartFrom::Earliest)
            .name(config.http.service_name.clone().unwrap_or_else(|| "orders-consumer".to_owned()))
            .version(env!("CARGO_PKG_VERSION"))
            .dead_letter_topic(
                kafka.kafka_topic_orders.to_string(),
                kafka.kafka_topic_orders_dlq.to_string(),
            )
            .retry_topic(
                kafka.kafka_topic_orders.to_string(),
                kafka.kafka_topic_orders_retry.to_string(),
            )
            .drain(DRAIN)
            .metrics(&metrics)
            .route(routes);
        let topic = kafka.kafka_topic_orders.clone();
        let health = service.health();
        let view = http::View { health, broker, group, topic, framework: metrics.clone() };
        let exposition = Exposition::of("consumer").with_framework(metrics);
        Self { service, routes: http::router(view), exposition }
    }
}

/// The routes for events, as the settings want them.
fn events(config: &Config, store: Arc<dyn InboxStore>, payments: Arc<dyn Payments>) -> Router {
    let settings = &config.retry;
    let retry = Retry::exponential(settings.retry_initial_interval, settings.retry_max_interval)
        .attempts(settings.retry_max_attempts)
        .in_place(IN_PLACE);
    let app = App {
        payments,
        reader: Reader::new(&config.stores.read_model()),
        topic: config.kafka.kafka_topic_orders.to_string(),
        allow_crash: config.simulation.allow_crash,
    };
    routes::routes(Arc::new(app), store, &retry)
}

//! The producer: orders in over HTTP, events out.
//!
//! ```text
//!  POST ─▶ Submission (headers, JSON) ─▶ input rules ─▶ event ─▶ Outlet ─▶ broker ─ack─▶ 202
//!  GET  ─▶ read model, and what this process has accepted that is not projected yet
//! ```
//!
//! A 202 is only given after the broker's acknowledgement. Without an acknowledgement the answer is 503, and says
//! whether the order may have been accepted all the same.

mod accept;
mod batch;
mod cancel;
mod conditions;
mod counts;
mod input;
mod outlet;
mod pending;
mod query;
mod ready;
mod submission;
mod text;
mod underway;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use tidegate::broker::Broker;
use tidegate::message::TopicName;
use tidegate::metrics::Metrics;

use crate::config::Config;
use crate::http;
use crate::metrics::Exposition;
use crate::model::Reader;
use counts::Counts;
use outlet::Outlet;
use pending::Pending;

/// What the producer is made of.
#[derive(Debug)]
pub struct Producer {
    outlet: Outlet,
    reader: Reader,
    pending: Pending,
    counts: Counts,
    metrics: Metrics,
    batch_limit: usize,
    simulation: bool,
}

/// What the producer needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where events go.
    pub topic: TopicName,
    /// Most orders in one batch.
    pub batch_limit: usize,
    /// Whether `X-Simulate` is taken.
    pub simulation: bool,
    /// How long `X-Simulate: late` holds an order back. 500 ms.
    pub hold: Duration,
}

impl Settings {
    /// With the contract's defaults.
    #[must_use]
    pub const fn new(topic: TopicName) -> Self {
        Self { topic, batch_limit: 100, simulation: false, hold: Duration::from_millis(500) }
    }

    /// As the program's settings say.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            batch_limit: config.http.batch_limit as usize,
            simulation: config.simulation.allow_simulation.unwrap_or(false),
            ..Self::new(config.kafka.kafka_topic_orders.clone())
        }
    }
}

impl Producer {
    /// Publishes to `broker`, answers from `reader`.
    #[must_use]
    pub fn new(broker: Broker, reader: Reader, settings: Settings) -> Self {
        let metrics = Metrics::new();
        Self {
            outlet: Outlet::new(metrics.broker(broker), settings.topic, settings.hold),
            reader,
            pending: Pending::default(),
            counts: Counts::default(),
            metrics,
            batch_limit: settings.batch_limit,
            simulation: settings.simulation,
        }
    }

    /// What it shows at `/metrics`.
    #[must_use]
    pub fn exposition(&self) -> Exposition {
        let shown = Exposition::of("producer").with(self.counts.clone());
        shown.with_framework(self.metrics.clone())
    }

    /// The routes, without what all services share ([`http::service`]).
    pub fn routes(self) -> Router {
        let app = Arc::new(self);
        let asked = app.clone();
        Router::new()
            .route("/api/v1/orders", post(accept::create).get(query::list))
            .route("/api/v1/orders/batch", post(batch::create))
            .route("/api/v1/orders/{id}", get(query::get))
            .route("/api/v1/orders/{id}/cancel", post(cancel::cancel))
            .with_state(app)
            .merge(http::readiness(move |draining| ready::checks(asked.clone(), draining)))
    }
}

#[cfg(test)]
mod tests;

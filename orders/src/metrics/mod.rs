//! `GET /metrics` of each service, for Prometheus.
//!
//! ```text
//!  framework (tidegate::metrics) ─┐
//!  the service's own numbers ─────┼─▶ Exposition ─ GET /metrics ─▶ one at a time, on a thread of its own ─▶ text
//!  HTTP, the process ─────────────┘
//! ```
//!
//! A scrape reads what was counted anyway. It is written on a thread that nothing else runs on, one at a time for each
//! service; whoever cannot have it within two seconds gets 503. So a scrape, or a thousand at once, holds up no order (F26;
//! test `scrapes_under_load_hold_up_no_order`).

mod format;
mod http;
pub mod names;
mod process;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text, text};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use tidegate::metrics::Metrics;
use tokio::sync::Semaphore;

use crate::http::Reply;
use format::Format;
use http::Requests;
use process::Process;
pub(crate) use write::write;

/// Where they are.
const PATH: &str = "/metrics";
/// How long a scrape may take, with the time that it waits for others.
const PATIENCE: Duration = Duration::from_secs(2);

/// What one service shows.
#[derive(Debug)]
pub struct Exposition {
    registry: Registry,
    requests: Requests,
    framework: Option<Metrics>,
}

impl Exposition {
    /// What every service shows: the process, and its requests.
    #[must_use]
    pub fn of(service: &'static str) -> Self {
        let requests = Requests::of(service);
        let shown =
            Self { registry: Registry::default(), requests: requests.clone(), framework: None };
        shown.with(Build).with(Process).with(requests)
    }

    /// Shows these too.
    #[must_use]
    pub fn with(mut self, collector: impl Collector) -> Self {
        self.registry.register_collector(Box::new(collector));
        self
    }

    /// Shows what the framework has counted too, asked anew before each scrape where that is due.
    #[must_use]
    pub fn with_framework(self, metrics: Metrics) -> Self {
        Self { framework: Some(metrics.clone()), ..self.with(metrics) }
    }

    /// A service's routes with `/metrics`, with what all services share round them, and all of it counted.
    pub fn serve(self, routes: Router, body_limit: u64) -> Router {
        let Self { registry, requests, framework } = self;
        let scrapes = Scrapes { registry, framework, turn: Arc::new(Semaphore::new(1)) };
        let metrics = Router::new().route(PATH, get(scrape)).with_state(Arc::new(scrapes));
        requests.around(crate::http::service(routes.merge(metrics), body_limit))
    }
}

/// What the route answers from.
#[derive(Debug)]
struct Scrapes {
    registry: Registry,
    framework: Option<Metrics>,
    turn: Arc<Semaphore>,
}

async fn scrape(State(scrapes): State<Arc<Scrapes>>, headers: HeaderMap) -> Response {
    let format = Format::of(&headers);
    match tokio::time::timeout(PATIENCE, scrapes.text(format)).await {
        Ok(Some(text)) => ([(header::CONTENT_TYPE, format.content_type())], text).into_response(),
        Ok(None) => {
            let reason = "could not be written; the log says why";
            Reply::invalid(StatusCode::INTERNAL_SERVER_ERROR, "metrics", reason).into_response()
        }
        Err(_) => {
            let reason = format!("were not written within {} s", PATIENCE.as_secs());
            Reply::unavailable("metrics", reason).into_response()
        }
    }
}

impl Scrapes {
    async fn text(self: Arc<Self>, format: Format) -> Option<String> {
        if let Some(framework) = &self.framework {
            framework.sample().await;
        }
        let turn = self.turn.clone().acquire_owned().await.expect("the semaphore is never closed");
        let writing = tokio::task::spawn_blocking(move || {
            // Who gave up waiting does not let the next one in before this is done.
            let _turn = turn;
            self.write(format)
        });
        let written = writing.await.map_err(|error| error.to_string());
        match written.and_then(|text| text.map_err(|error| error.to_string())) {
            Ok(text) => Some(text),
            Err(error) => {
                tracing::error!(error, "metrics cannot be written");
                None
            }
        }
    }

    fn write(&self, format: Format) -> Result<String, fmt::Error> {
        let mut written = String::new();
        match format {
            Format::OpenMetrics => text::encode(&mut written, &self.registry)?,
            Format::Text => prometheus_text::encode(&mut written, &self.registry)?,
        }
        Ok(written)
    }
}

/// Which version runs.
#[derive(Debug)]
struct Build;

impl Collector for Build {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let version = [env!("CARGO_PKG_VERSION")];
        write(&mut encoder, &names::BUILD_INFO, [(version, ConstGauge::new(1))])
    }
}

//! The consumer's state over HTTP.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::routing::get;
use serde_json::json;
use tidegate::broker::Broker;
use tidegate::health::Health;
use tidegate::message::TopicName;

use super::metrics::Metrics;
use crate::http::{FieldError, Reply, health};

/// What the routes answer from.
#[derive(Debug)]
pub(super) struct View {
    pub(super) health: Health,
    pub(super) broker: Broker,
    pub(super) group: String,
    pub(super) topic: TopicName,
}

/// The routes, without what all services share.
pub(super) fn router(view: View) -> Router {
    Router::new()
        .route("/api/v1/metrics", get(metrics))
        .route("/health", get(health))
        .route("/ready", get(ready))
        .with_state(Arc::new(view))
}

async fn metrics(State(view): State<Arc<View>>) -> Result<Reply, Reply> {
    let metrics = Metrics::of(&view.health, &view.broker, &view.group, &view.topic).await;
    let metrics = metrics.map_err(|error| Reply::unavailable("broker", error.to_string()))?;
    Ok(Reply::ok("the consumer, counted", &metrics))
}

/// Ready: a member with partitions, nothing stuck, no dependency down, store and broker usable.
async fn ready(State(view): State<Arc<View>>) -> Reply {
    let (service, broker) = tokio::join!(view.health.probe(), view.broker.health());
    let mut errors: Vec<_> =
        service.reasons.iter().map(|reason| FieldError::new("consumer", reason)).collect();
    // A member that hears nothing keeps its partitions until its session has ended.
    if let Err(error) = broker {
        errors.push(FieldError::new("broker", error.to_string()));
    }
    if errors.is_empty() {
        return Reply::ok("ready", &json!({ "status": "ready" }));
    }
    let reasons: Vec<_> = errors.iter().map(|error| error.reason.as_str()).collect();
    Reply::new(StatusCode::SERVICE_UNAVAILABLE, reasons.join("; "))
        .errors(&errors)
        .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
}

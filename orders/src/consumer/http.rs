//! The consumer's state over HTTP.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use tidegate::broker::Broker;
use tidegate::health::{self, Health, Readiness};
use tidegate::message::TopicName;

use super::metrics::Metrics;
use crate::http::{Check, Reply, readiness};

/// What the routes answer from.
#[derive(Debug)]
pub(super) struct View {
    pub(super) health: Health,
    pub(super) broker: Broker,
    pub(super) group: String,
    pub(super) topic: TopicName,
    /// What the framework counts.
    pub(super) framework: tidegate::metrics::Metrics,
}

/// The routes, without what all services share.
pub(super) fn router(view: View) -> Router {
    let view = Arc::new(view);
    let shown = view.clone();
    Router::new()
        .route("/api/v1/metrics", get(metrics))
        .with_state(view)
        .merge(readiness(move |draining| checks(shown.clone(), draining)))
}

async fn metrics(State(view): State<Arc<View>>) -> Result<Reply, Reply> {
    let metrics = Metrics::of(&view).await;
    let metrics = metrics.map_err(|error| Reply::unavailable("broker", error.to_string()))?;
    Ok(Reply::ok("the consumer, counted", &metrics))
}

/// Ready: a member with partitions, nothing stuck, no dependency down, store and broker usable.
async fn checks(view: Arc<View>, draining: bool) -> Vec<Check> {
    if draining {
        return of_service(&view.health.readiness());
    }
    // A member that hears nothing keeps its partitions until its session has ended.
    let broker = Check::ask("broker", "broker", view.broker.health());
    let (service, broker) = tokio::join!(view.health.probe(), broker);
    let mut checks = of_service(&service);
    checks.push(broker);
    checks
}

fn of_service(readiness: &Readiness) -> Vec<Check> {
    let shown = |check: &health::Check| {
        Check::new(check.name.as_str(), "consumer", check.reasons.clone()).aged(check.age)
    };
    readiness.checks().iter().map(shown).collect()
}

//! The replay service: dead letters browsed, counted, sent back, cleared.
//!
//! ```text
//!  GET dlq/messages, stats ─▶ Letters: orders_dlq, newest first ◀─ markers (read model), audit index
//!  POST replay ─▶ Selection (frozen) ─▶ audit: begun ─▶ Sender ─▶ orders ─▶ audit: ended ─▶ answer
//!  DELETE dlq/clear ─────────────────▶ audit: begun ─▶ delete_records ──▶ audit: ended ─▶ answer
//! ```
//!
//! Sent back is not done (rule 37): the answer counts what the broker acknowledged, and `status` shows what became of it.

mod base64;
mod case;
mod desk;
mod filter;
mod form;
mod gauges;
mod http;
mod index;
mod letters;
mod markers;
mod page;
mod ready;
mod request;
mod select;
mod send;
mod stats;
#[cfg(test)]
mod tests;
mod view;
mod watch;

use std::sync::Arc;

use opentelemetry::trace::FutureExt;
use tidegate::broker::Broker;
use tidegate::message::TopicName;
use tidegate::metrics::Metrics;
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

pub use http::router;
pub use letters::ReplayError;
pub use markers::LazyMarkers;

use desk::{Cleared, Desk, Report};
use gauges::Gauges;
use index::Index;
use letters::Letters;
use request::ReplayRequest;
use watch::Watch;

use crate::audit::{Audit, Task};
use crate::config::Config;
use crate::metrics::Exposition;
use crate::topics;
use crate::up::Process;

/// The service behind the routes.
#[derive(Debug)]
pub struct ReplayService {
    desk: Arc<Desk>,
    /// What it reads and writes.
    topics: Vec<TopicName>,
    running: TaskTracker,
    metrics: Metrics,
    gauges: Gauges,
}

impl ReplayService {
    /// On this broker, with the topics and the read model that the settings name.
    #[must_use]
    pub fn new(config: &Config, broker: Broker) -> Arc<Self> {
        let metrics = Metrics::new();
        let broker = metrics.broker(broker);
        let markers = Arc::new(LazyMarkers::new(config.stores.read_model()));
        let letters = Letters {
            broker: broker.clone(),
            topic: config.kafka.kafka_topic_orders_dlq.clone(),
            markers,
            index: Mutex::new(Index::new(broker.clone(), topics::audit())),
            limit: config.stores.dlq_scan_limit,
        };
        let audit = Audit::of("replay", Some(broker));
        let topics = topics::needed(config, Process::Replay);
        Self::of(Desk { letters, audit, turn: Mutex::new(()) }, topics, metrics)
    }

    fn of(desk: Desk, topics: Vec<TopicName>, metrics: Metrics) -> Arc<Self> {
        let gauges = Gauges::new(desk.letters.topic.clone());
        let (desk, running) = (Arc::new(desk), TaskTracker::new());
        Arc::new(Self { desk, topics, running, metrics, gauges })
    }

    /// What it shows at `/metrics`. The dead letters are there while somebody [watches](Self::watch) them.
    #[must_use]
    pub fn exposition(&self) -> Exposition {
        let shown = Exposition::of("replay").with(self.gauges.clone());
        shown.with_framework(self.metrics.clone())
    }

    /// Looks at the dead letters now and then, for as long as it is polled.
    pub async fn watch(self: Arc<Self>) {
        let Letters { broker, topic, limit, .. } = &self.desk.letters;
        Watch::new(broker.clone(), topic.clone(), *limit, self.gauges.clone()).run().await;
    }

    /// Waits for what was begun: a replay is finished even when its client has gone away.
    pub async fn drain(&self) {
        self.running.close();
        self.running.wait().await;
    }

    /// Where it writes down what operators do.
    #[must_use]
    pub fn audit(&self) -> &Audit {
        &self.desk.audit
    }

    async fn replay(&self, task: Task, request: ReplayRequest) -> Result<Report, ReplayError> {
        let desk = Arc::clone(&self.desk);
        self.to_the_end(async move { desk.replay(&task, &request).await }).await
    }

    async fn clear(&self, task: Task) -> Result<Cleared, ReplayError> {
        let desk = Arc::clone(&self.desk);
        self.to_the_end(async move { desk.clear(&task).await }).await
    }

    /// Runs work so that a client that hangs up does not cut it off between its two audit records.
    async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, ReplayError>> + Send + 'static,
    ) -> Result<T, ReplayError> {
        match self.running.spawn(work.in_current_span().with_current_context()).await {
            Ok(result) => result,
            // A panic's text may hold data: the panic hook has logged where it was.
            Err(_) => Err(ReplayError::Stopped),
        }
    }
}

//! Metrics for Prometheus: what services have done, how far they are, what stands in their way (feature `metrics`).
//!
//! ```text
//!   lanes, driver ─ plain counts ─┐
//!   Health ─ ledger, readiness ───┼──▶ Metrics (a Collector) ──▶ the program's Registry ──▶ GET /metrics
//!   broker ─ what is published ───┤
//!   sample ─ lag, stores ─────────┘  asked for beside the scrape, at most every 5 s, for 1 s at most
//! ```
//!
//! ```
//! # use tidegate::prelude::*;
//! # use tidegate::metrics::Metrics;
//! # let broker = Broker::in_memory();
//! let metrics = Metrics::new();
//! let service = Service::new("billing", broker.clone()).metrics(&metrics);
//! let publisher = Publisher::new(metrics.broker(broker));
//!
//! let mut registry = prometheus_client::registry::Registry::default();
//! registry.register_collector(Box::new(metrics.clone()));
//! // GET /metrics: metrics.sample().await, then prometheus_client::encoding::text::encode(&mut text, &registry)
//! # let _ = (service, publisher);
//! ```
//!
//! [`names`] has every metric; those of dead letters are written by whoever looks at them, as the replay service of `orders` does. Without
//! [`Metrics::sample`] there is no lag, and no `tidegate_store_up`: encoding asks nobody. Register one of the clones, in one registry of
//! `prometheus_client` 0.26, without a prefix: dashboards and rules go by these names. `encoding::text` writes OpenMetrics
//! (`application/openmetrics-text; version=1.0.0; charset=utf-8`), `encoding::prometheus_text` the older format. Nothing is kept for a scrape: memory does not grow when nobody asks, and there is no upkeep to run.
//!
//! # Guarantees
//! - Work never waits for metrics: counting is a few plain stores by the one thread that writes them, a scrape reads (F26).
//! - The number of series is bounded: labels are groups, topics, owned partitions, handlers and stores of this process, and words
//!   of [`names`]; event types that no handler takes are counted as `skipped` or `unhandled`, as their topic's policy for them says.
//! - A counter never goes down while the service lives, whatever the group does; the next service of its group begins anew.

pub mod names;
mod publishing;
mod sample;
mod scheduled;
mod service;
mod sheet;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use crate::broker::sync::lock;
use crate::broker::{Broker, BrokerDriver};
use crate::meter::Meters;

use publishing::{Counting, Publishing};
pub use scheduled::Scheduled;
pub(crate) use service::Member;
use sheet::Sheet;

/// The bounds of all histograms, in seconds.
pub const BOUNDS: &[f64] = &crate::meter::BOUNDS;

/// The metrics of a program's services and of what it publishes. Cheap to clone; all clones are the same.
///
/// A collector: registered in a `prometheus_client` registry, it writes its values when they are asked for.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Tells two of them apart: a number that is given once.
    id: u64,
    /// By group: the last service of a group counts.
    members: Mutex<BTreeMap<String, Arc<Member>>>,
    publishing: Arc<Publishing>,
    /// Those whose clients are asked for what they count, as long as anybody else has them.
    brokers: Mutex<Vec<Weak<dyn BrokerDriver>>>,
    sampling: tokio::sync::Mutex<()>,
}

impl Metrics {
    /// Of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(Arc::new(Inner {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            members: Mutex::default(),
            publishing: Arc::default(),
            brokers: Mutex::default(),
            sampling: tokio::sync::Mutex::default(),
        }))
    }

    /// The same broker, whose publishing is counted. Counting it twice changes nothing.
    #[must_use]
    pub fn broker(&self, broker: Broker) -> Broker {
        if broker.is_counted_by(self.0.id) {
            return broker;
        }
        self.ask(&broker);
        let publishing = self.0.publishing.clone();
        Broker::new(Counting { broker, publishing }).counted_by(self.0.id)
    }

    /// Its clients are asked for what they count.
    fn ask(&self, broker: &Broker) {
        let (mut known, broker) = (lock(&self.0.brokers), broker.weak());
        known.retain(|known| known.strong_count() > 0);
        if !known.iter().any(|known| known.ptr_eq(&broker)) {
            known.push(broker);
        }
    }

    /// Asks how far behind the services are, and whether their stores can be used, unless that was done within 5 s. Takes 1 s at
    /// most: lag that was not answered by then stays as it was, and `tidegate_sample_age_seconds` says how old it is; a store that was silent is
    /// down. What all stores say is the service's check [`Store`](crate::health::CheckName::Store) too.
    pub async fn sample(&self) {
        let sampled = async {
            let _alone = self.0.sampling.lock().await;
            sample::all(&self.members()).await;
        };
        // Whoever comes meanwhile waits for the same answer.
        let _ = tokio::time::timeout(sample::LONGEST, sampled).await;
    }

    /// What waits in the retry schedule of a group's service, by owned partition, as it was a moment ago: it is written down once a
    /// second. Partitions for which nothing waits are left out.
    #[must_use]
    pub fn scheduled(&self, group: &str) -> Vec<Scheduled> {
        let member = lock(&self.0.members).get(group).cloned();
        member.map(|member| scheduled::of(&member)).unwrap_or_default()
    }

    /// Counts a service from here on.
    pub(crate) fn join(&self, member: Member) -> Arc<Meters> {
        let meters = member.meters.clone();
        lock(&self.0.members).insert(member.group.clone(), Arc::new(member));
        meters
    }

    fn members(&self) -> Vec<Arc<Member>> {
        lock(&self.0.members).values().cloned().collect()
    }

    fn sheet(&self) -> Sheet {
        let mut sheet = Sheet::default();
        self.members().iter().for_each(|member| member.fill(&mut sheet));
        self.0.publishing.fill(&mut sheet);
        let known = lock(&self.0.brokers);
        let told = known.iter().filter_map(Weak::upgrade).flat_map(|broker| broker.statistics());
        service::clients(&told.collect::<Vec<_>>(), &mut sheet);
        sheet
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.sheet().write(&mut encoder)
    }
}

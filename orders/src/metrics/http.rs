//! Requests, counted around everything else.
//!
//! ```text
//!  request ─▶ Running (active + 1) ─▶ correlation, span, routes ─▶ answer ─▶ duration by method, route, status
//!                    └── the client goes away: dropped ──────────────────▶ duration, status none
//! ```
//!
//! What a client may invent is in no label: a method that is not known is `other`, a path that leads nowhere `unmatched`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use tidegate::metrics::BOUNDS;

use super::write::write;
use super::{PATH, names};
use crate::http::known_method;

/// The requests of one service. Clones share the numbers.
#[derive(Debug, Clone)]
pub(super) struct Requests(Arc<Numbers>);

#[derive(Debug)]
struct Numbers {
    service: &'static str,
    active: AtomicI64,
    durations: RwLock<BTreeMap<Labels, Histogram>>,
}

/// What a duration is counted under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Labels {
    route: Arc<str>,
    method: &'static str,
    /// `None`: there was no answer.
    status: Option<StatusCode>,
}

impl Requests {
    pub(super) fn of(service: &'static str) -> Self {
        let (active, durations) = (AtomicI64::new(0), RwLock::default());
        Self(Arc::new(Numbers { service, active, durations }))
    }

    /// Counts all requests of these routes, and those that lead nowhere; not those for metrics.
    pub(super) fn around(&self, routes: Router) -> Router {
        routes.layer(middleware::from_fn_with_state(self.clone(), count))
    }

    fn duration(&self, labels: Labels) -> Histogram {
        let known = self.0.durations.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(&labels) {
            return known.clone();
        }
        drop(known);
        let mut all = self.0.durations.write().unwrap_or_else(PoisonError::into_inner);
        all.entry(labels).or_insert_with(|| Histogram::new(BOUNDS.iter().copied())).clone()
    }

    /// A copy, so that no request waits for a scrape to be written.
    fn durations(&self) -> BTreeMap<Labels, Histogram> {
        self.0.durations.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn count(State(requests): State<Requests>, request: Request, next: Next) -> Response {
    if request.uri().path() == PATH {
        return next.run(request).await;
    }
    let mut running = Running::begin(requests, &request);
    let response = next.run(request).await;
    running.labels.status = Some(response.status());
    response
}

/// A request that is being answered; counted when this is dropped.
struct Running {
    requests: Requests,
    labels: Labels,
    since: Instant,
}

impl Running {
    fn begin(requests: Requests, request: &Request) -> Self {
        requests.0.active.fetch_add(1, Ordering::Relaxed);
        let route = request.extensions().get::<MatchedPath>();
        let labels = Labels {
            route: route.map_or("unmatched", MatchedPath::as_str).into(),
            method: known_method(request.method()).unwrap_or("other"),
            status: None,
        };
        Self { requests, labels, since: Instant::now() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.requests.0.active.fetch_sub(1, Ordering::Relaxed);
        let took = self.since.elapsed().as_secs_f64();
        self.requests.duration(self.labels.clone()).observe(took);
    }
}

impl Collector for Requests {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (service, durations) = (self.0.service, self.durations());
        let rows = durations.iter().map(|(labels, duration)| {
            let status = labels.status.as_ref().map_or("none", StatusCode::as_str);
            ([service, labels.method, &*labels.route, status], duration.clone())
        });
        write(&mut encoder, &names::HTTP_DURATION, rows)?;
        let active = ConstGauge::new(self.0.active.load(Ordering::Relaxed));
        write(&mut encoder, &names::HTTP_ACTIVE, [([service], active)])
    }
}

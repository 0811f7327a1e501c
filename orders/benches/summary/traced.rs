//! G10-1pct and G10-100pct: the real `orders up`, traced, against the same without.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::log::Log;
use crate::platform::processed;
use crate::table::pairs::Pairs;
use crate::table::rows::Row;
use crate::up::Up;

/// Each side starts the platform and has these processed: some seconds.
const ORDERS: u64 = 3_000;

/// A receiver of spans that reads them and keeps nothing but their size.
struct Receiver {
    address: SocketAddr,
    bytes: Arc<AtomicU64>,
    _served: JoinSet<()>,
    _runtime: Runtime,
}

impl Receiver {
    fn start() -> Self {
        let runtime = Runtime::new().expect("threads and a poller");
        let bound = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("a bound socket");
            (address, listener)
        });
        let (address, listener) = bound;
        let bytes = Arc::new(AtomicU64::new(0));
        let count = bytes.clone();
        let take = move |body: Bytes| async move {
            count.fetch_add(body.len() as u64, Ordering::Relaxed);
        };
        let routes = Router::new().route("/v1/traces", post(take));
        let mut served = JoinSet::new();
        let serve = async move { axum::serve(listener, routes).await.expect("a bound socket") };
        served.spawn_on(serve, runtime.handle());
        Self { address, bytes, _served: served, _runtime: runtime }
    }

    fn settings(&self, ratio: &str) -> Vec<(&'static str, String)> {
        vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", self.address)),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio".to_owned()),
            ("OTEL_TRACES_SAMPLER_ARG", ratio.to_owned()),
        ]
    }
}

/// Orders per second, and seconds of CPU for each.
fn side(settings: &[(&'static str, String)]) -> (f64, f64) {
    let up = Up::start_with(Log::Embedded, settings);
    let before = up.cpu();
    let rate = processed(&up, ORDERS);
    (rate, (up.cpu() - before) / ORDERS as f64)
}

/// With this share of traces exported. A run that exported nothing says nothing.
pub(crate) fn sampled(id: &str, ratio: &str, floor: f64, goal: f64) -> Row {
    let receiver = Receiver::start();
    let pairs = Pairs::of(|| side(&receiver.settings(ratio)), || side(&[]));
    let (rates, cpu) = (pairs.each(|side| side.0), pairs.each(|side| side.1));
    let bytes = receiver.bytes.load(Ordering::Relaxed);
    Row {
        id: id.to_owned(),
        ratio: rates.ratio(),
        floor: Some(floor),
        goal: Some(goal),
        lower_is_better: false,
        unit: "ratio",
        resolved: bytes > 0,
        settings: format!(
            "orders processed with {ratio} of the traces exported, against none: {:.0}/s to {:.0}/s; CPU {:.2} ({:.0} us to {:.0} us of an order); {} MB exported; median of {} pairs of {ORDERS} orders",
            rates.ours(),
            rates.theirs(),
            cpu.ratio(),
            cpu.ours() * 1e6,
            cpu.theirs() * 1e6,
            bytes >> 20,
            pairs.len(),
        ),
    }
}

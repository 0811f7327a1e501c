//! G10-1pct and G10-100pct: the real `orders up`, traced, against the same without.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::log::Log;
use crate::platform::throughput;
use crate::table::pairs::Pairs;
use crate::table::rows::Row;
use crate::up::Up;

/// A receiver of spans that reads them and keeps nothing.
struct Receiver {
    address: SocketAddr,
    _served: JoinSet<()>,
    _runtime: Runtime,
}

impl Receiver {
    fn start() -> Self {
        let runtime = Runtime::new().expect("threads and a poller");
        let bound = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("a bound socket");
            let routes = Router::new().route("/v1/traces", post(|_: Bytes| async {}));
            (address, listener, routes)
        });
        let (address, listener, routes) = bound;
        let mut served = JoinSet::new();
        let serve = async move { axum::serve(listener, routes).await.expect("a bound socket") };
        served.spawn_on(serve, runtime.handle());
        Self { address, _served: served, _runtime: runtime }
    }

    fn settings(&self, ratio: &str) -> Vec<(&'static str, String)> {
        vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", self.address)),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio".to_owned()),
            ("OTEL_TRACES_SAMPLER_ARG", ratio.to_owned()),
        ]
    }
}

/// Orders from the first POST to the last that is completed, per second.
fn processed(settings: &[(&'static str, String)]) -> f64 {
    throughput(&Up::start_with(Log::Embedded, settings)).processed
}

/// With this share of traces exported.
pub(crate) fn sampled(id: &str, ratio: &str, floor: f64, goal: f64) -> Row {
    let receiver = Receiver::start();
    let (on, off) = (|| processed(&receiver.settings(ratio)), || processed(&[]));
    let pairs = Pairs::so_many(PAIRS, on, off);
    Row {
        id: id.to_owned(),
        ratio: pairs.ratio(),
        floor: Some(floor),
        goal: Some(goal),
        lower_is_better: false,
        unit: "ratio",
        resolved: true,
        settings: format!(
            "orders processed with {ratio} of the traces exported, against none: {:.0}/s to {:.0}/s, median of {PAIRS} pairs",
            pairs.ours(),
            pairs.theirs()
        ),
    }
}

/// Each side starts the platform and processes orders for seconds.
const PAIRS: usize = 5;

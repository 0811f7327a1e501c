//! Traces of an order's way through the services, sent to a receiver of OTLP over HTTP when `OTEL_EXPORTER_OTLP_ENDPOINT` names one.
//!
//! ```text
//!  spans ─▶ sampled, or a failure ─▶ bounded queue ─▶ one thread ─▶ POST /v1/traces
//!                                        └ full: lost, and said once   └ down or slow: lost, and said once
//! ```
//!
//! Guarantee (F26): a receiver that is down or slow holds up nothing and loses no event, only spans
//! (tests `a_receiver_that_is_down_loses_spans_and_no_order`, `a_receiver_that_is_slow_loses_spans_and_no_order`). The end of the
//! process waits at most [`FLUSH`] for what is left (`a_receiver_that_is_slow_does_not_hold_up_the_end`).
//!
//! What the exporter itself does is not traced: spans are made where this module is called, and nowhere else.

mod bounded;
mod client;
mod exporter;
mod server;
mod trouble;

use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::global::BoxedTracer;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tidegate::broker::{Broker, Placed, PublishError};
use tidegate::layer::Trace;
use tidegate::message::NewRecord;
use tidegate::publisher::Publisher;
use tidegate::telemetry::{self, Tracer};

use crate::config::Traces;

pub use client::ask;
pub use server::serve;

/// How long the process's end may wait for spans that are left.
pub const FLUSH: Duration = Duration::from_secs(1);

/// Set once, when traces are switched on: before that, and without it, nothing is traced.
static SPANS: OnceLock<Spans> = OnceLock::new();

/// Whoever makes spans.
#[derive(Debug)]
struct Spans {
    /// Those of events.
    events: Tracer,
    /// Those of HTTP.
    http: BoxedTracer,
}

/// Traces that are being sent.
#[derive(Debug)]
pub struct Exporting(SdkTracerProvider);

impl Exporting {
    /// Sends what is left, for at most [`FLUSH`]. Not from an async thread.
    pub fn flush(self) {
        // What could not be sent by then was told, or is told by nobody: the process ends.
        let _ = self.0.shutdown_with_timeout(FLUSH);
    }
}

/// Switches traces on when the settings name a receiver. `service` is the name without `OTEL_SERVICE_NAME`. Before anything is built.
///
/// # Errors
/// One line, when the exporter cannot be made as it is set.
pub fn start(settings: &Traces, service: &str) -> Result<Option<Exporting>, String> {
    let Some(receiver) = settings.receiver()? else { return Ok(None) };
    let provider = exporter::provider(settings, &receiver, service)?;
    let spans = Spans { events: Tracer::of(&provider), http: exporter::http_tracer(&provider) };
    // A second start of one process keeps the first one's.
    let _ = SPANS.set(spans);
    tracing::info!(receiver, "traces are sent");
    Ok(Some(Exporting(provider)))
}

/// The layer for routes, where traces are switched on.
#[must_use]
pub fn layer() -> Option<Trace> {
    SPANS.get().map(|spans| Trace::with(spans.events.clone()))
}

/// A publisher, whose events are traced where traces are switched on.
#[must_use]
pub fn publisher(broker: Broker) -> Publisher {
    let publisher = Publisher::new(broker);
    match SPANS.get() {
        Some(spans) => publisher.traced(spans.events.clone()),
        None => publisher,
    }
}

/// Publishes records that are there already, such as replays.
pub async fn publish(
    broker: &Broker,
    records: Vec<NewRecord>,
) -> Vec<Result<Placed, PublishError>> {
    match SPANS.get() {
        Some(spans) => telemetry::publish(&spans.events, broker, records).await,
        None => broker.publish(records).await,
    }
}

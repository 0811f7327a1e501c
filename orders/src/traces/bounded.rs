//! At most so many spans wait for their export: what is more is lost, and nobody waits.
//!
//! ```text
//!   ended ─▶ Entrance ── room? ──▶ batch thread ─▶ Exit: the exporter, whose result says whether there is trouble
//!               └ none: lost            ▲── held ──┘
//! ```
//!
//! The SDK's batch processor has a bounded queue too, but keeps to itself what it drops.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};

use super::trouble::Trouble;

/// Spans between entrance and exit.
#[derive(Debug)]
pub(super) struct Held {
    now: AtomicUsize,
    most: usize,
    trouble: Trouble,
}

impl Held {
    pub(super) fn new(most: usize, receiver: &str) -> Arc<Self> {
        Arc::new(Self { now: AtomicUsize::new(0), most, trouble: Trouble::new(receiver) })
    }

    fn enters(&self) -> bool {
        let room = |now: usize| (now < self.most).then_some(now + 1);
        self.now.fetch_update(Ordering::AcqRel, Ordering::Acquire, room).is_ok()
    }

    fn left(&self, spans: usize) -> usize {
        self.now.fetch_sub(spans, Ordering::AcqRel) - spans
    }
}

/// In front of the batch processor.
#[derive(Debug)]
pub(super) struct Entrance<P> {
    pub(super) next: P,
    pub(super) held: Arc<Held>,
}

impl<P: SpanProcessor> SpanProcessor for Entrance<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.next.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.held.enters() {
            self.next.on_end(span);
        } else {
            self.held.trouble.lost(1, "more spans wait than OTEL_BSP_MAX_QUEUE_SIZE");
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.next.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.next.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.next.set_resource(resource);
    }
}

/// Behind it.
#[derive(Debug)]
pub(super) struct Exit<E> {
    pub(super) exporter: E,
    pub(super) held: Arc<Held>,
}

impl<E: SpanExporter> SpanExporter for Exit<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let result = self.exporter.export(batch).await;
        let waiting = self.held.left(spans);
        match &result {
            // Not before there is room again: a receiver that is too slow is no news with each batch that it takes.
            Ok(()) if waiting <= self.held.most / 2 => self.held.trouble.over(),
            Ok(()) => {}
            Err(error) => self.held.trouble.lost(spans, why(error)),
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// Not the error's own text: it may repeat what a receiver answered.
fn why(error: &OTelSdkError) -> &'static str {
    match error {
        OTelSdkError::Timeout(_) => "it took longer than OTEL_EXPORTER_OTLP_TIMEOUT",
        OTelSdkError::AlreadyShutdown => "the process ends",
        OTelSdkError::InternalFailure(_) => "it cannot be reached, is too slow, or refuses",
    }
}

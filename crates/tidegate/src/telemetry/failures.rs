//! Failures are exported whatever the sampler says: it is decided when a span ends.
//!
//! ```text
//!   sampler ─ yes ─▶ recorded, sampled ──────────────▶ exported
//!           └ no ──▶ recorded ─ ended ─┬─ failed, or belongs to a failure ─▶ exported
//!                                      └─ went well ─▶ dropped
//! ```

use std::time::Duration;

use opentelemetry::trace::{Link, SpanContext, SpanKind, Status, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    SamplingDecision, SamplingResult, ShouldSample, Span, SpanData, SpanProcessor,
};

use crate::telemetry::names;

/// A sampler whose "no" still records, so that [`KeepFailures`] can decide at the end. Records cost what recording costs; what is
/// passed on in headers is the sampler's own word.
#[derive(Debug, Clone)]
pub struct RecordAll<S>(pub S);

impl<S: ShouldSample + Clone + 'static> ShouldSample for RecordAll<S> {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let said = self.0.should_sample(parent, trace_id, name, kind, attributes, links);
        let decision = match said.decision {
            SamplingDecision::Drop => SamplingDecision::RecordOnly,
            other => other,
        };
        SamplingResult { decision, ..said }
    }
}

/// A processor that hands on what was sampled, and of the rest what failed: spans whose status is an error, second and later attempts,
/// dead letters and their handlers' attempts, and replays. What such a handler emits is left to the sampler.
///
/// A kept span's parent may not have been kept (it went well): then the exporter's tool shows a span whose parent is missing. Its trace
/// id, its link to the origin and its correlation id still find everything else that was kept. Where whole traces are wanted, sample
/// all, and let a collector decide.
#[derive(Debug)]
pub struct KeepFailures<P>(pub P);

impl<P: SpanProcessor> SpanProcessor for KeepFailures<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.0.on_start(span, context);
    }

    fn on_end(&self, mut span: SpanData) {
        if !span.span_context.is_sampled() {
            if !belongs_to_a_failure(&span) {
                return;
            }
            span.span_context = sampled(&span.span_context);
        }
        self.0.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

fn belongs_to_a_failure(span: &SpanData) -> bool {
    let kept = |attribute: &KeyValue| attribute.key.as_str() == names::KEPT_FOR;
    matches!(span.status, Status::Error { .. }) || span.attributes.iter().any(kept)
}

/// Processors behind this one leave out what is not sampled.
fn sampled(context: &SpanContext) -> SpanContext {
    SpanContext::new(
        context.trace_id(),
        context.span_id(),
        context.trace_flags().with_sampled(true),
        context.is_remote(),
        context.trace_state().clone(),
    )
}

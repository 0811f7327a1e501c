//! What the settings make: sampler, queue, exporter.

use std::collections::HashMap;
use std::sync::Arc;

use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::TracerProvider;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider,
};
use tidegate::telemetry::{KeepFailures, RecordAll};

use super::bounded::{Entrance, Exit, Held};
use crate::config::{Traces, TracesSampler};

/// A provider that sends to this receiver.
pub(super) fn provider(
    settings: &Traces,
    receiver: &str,
    service: &str,
) -> Result<SdkTracerProvider, String> {
    let held = Held::new(settings.otel_bsp_max_queue_size as usize, receiver);
    let exporter = Exit { exporter: exporter(settings, receiver)?, held: Arc::clone(&held) };
    let batch = BatchConfigBuilder::default()
        .with_max_queue_size(settings.otel_bsp_max_queue_size as usize)
        .with_max_export_batch_size(settings.otel_bsp_max_export_batch_size as usize)
        .with_scheduled_delay(settings.otel_bsp_schedule_delay)
        .build();
    let batches = BatchSpanProcessor::builder(exporter).with_batch_config(batch).build();
    Ok(SdkTracerProvider::builder()
        .with_resource(resource(settings, service))
        .with_sampler(RecordAll(sampler(
            settings.otel_traces_sampler,
            settings.otel_traces_sampler_arg,
        )))
        .with_span_processor(KeepFailures(Entrance { next: batches, held }))
        .build())
}

fn exporter(settings: &Traces, receiver: &str) -> Result<SpanExporter, String> {
    let refused = |why: &dyn std::fmt::Display| format!("OTEL_EXPORTER_OTLP_ENDPOINT: {why}");
    let client = reqwest::blocking::Client::builder()
        .timeout(settings.otel_exporter_otlp_timeout)
        .connect_timeout(settings.otel_exporter_otlp_timeout)
        // The headers are secret: they go to the receiver that was named, and nowhere else.
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|error| refused(&error))?;
    SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(receiver)
        .with_timeout(settings.otel_exporter_otlp_timeout)
        .with_headers(settings.headers()?.into_iter().collect::<HashMap<_, _>>())
        .build()
        .map_err(|error| refused(&error))
}

fn resource(settings: &Traces, service: &str) -> Resource {
    let mut named = settings.otel_resource_attributes.clone().unwrap_or_default();
    let attribute = named.remove("service.name");
    let name = settings.otel_service_name.clone().or(attribute);
    let named = named.into_iter().map(|(name, value)| KeyValue::new(name, value));
    // Not the SDK's own reading of the environment: a flag and a line of .env count too.
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attributes(named)
        .with_service_name(name.unwrap_or_else(|| service.to_owned()))
        .build()
}

fn sampler(of: TracesSampler, share: f64) -> Sampler {
    let ratio = Sampler::TraceIdRatioBased(share);
    let by_parent = |root| Sampler::ParentBased(Box::new(root));
    match of {
        TracesSampler::AlwaysOn => Sampler::AlwaysOn,
        TracesSampler::AlwaysOff => Sampler::AlwaysOff,
        TracesSampler::TraceIdRatio => ratio,
        TracesSampler::ParentBasedAlwaysOn => by_parent(Sampler::AlwaysOn),
        TracesSampler::ParentBasedAlwaysOff => by_parent(Sampler::AlwaysOff),
        TracesSampler::ParentBasedTraceIdRatio => by_parent(ratio),
    }
}

/// Whoever makes the spans of HTTP.
pub(super) fn http_tracer(provider: &SdkTracerProvider) -> BoxedTracer {
    let scope = InstrumentationScope::builder("orders").with_version(env!("CARGO_PKG_VERSION"));
    BoxedTracer::new(Box::new(provider.tracer_with_scope(scope.build())))
}

#[cfg(test)]
mod tests {
    use opentelemetry::Context;
    use opentelemetry::trace::{
        SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState,
    };
    use opentelemetry_sdk::trace::{SamplingDecision, ShouldSample};

    use super::*;

    /// By the last 8 bytes of its id a trace is within a share or not.
    const LOW: TraceId = TraceId::from_bytes([1; 16]);
    const HIGH: TraceId = TraceId::from_bytes([0xff; 16]);

    fn takes(sampler: &Sampler, parent: Option<TraceFlags>, trace: TraceId) -> bool {
        let context = parent.map_or_else(Context::new, |flags| {
            let span = SpanId::from_bytes([7; 8]);
            let caller = SpanContext::new(trace, span, flags, true, TraceState::NONE);
            Context::new().with_remote_span_context(caller)
        });
        let result =
            sampler.should_sample(Some(&context), trace, "send", &SpanKind::Producer, &[], &[]);
        result.decision == SamplingDecision::RecordAndSample
    }

    #[test]
    fn samplers_go_by_the_parent_and_by_the_share_of_traces() {
        use TracesSampler as S;
        let (yes, no) = (Some(TraceFlags::SAMPLED), Some(TraceFlags::NOT_SAMPLED));
        let cases = [(None, LOW), (None, HIGH), (yes, HIGH), (no, LOW)];
        for (of, taken) in [
            (S::AlwaysOn, [true, true, true, true]),
            (S::AlwaysOff, [false, false, false, false]),
            (S::TraceIdRatio, [true, false, false, true]),
            (S::ParentBasedAlwaysOn, [true, true, true, false]),
            (S::ParentBasedAlwaysOff, [false, false, true, false]),
            (S::ParentBasedTraceIdRatio, [true, false, true, false]),
        ] {
            let sampler = sampler(of, 0.5);
            let is = cases.map(|(parent, trace)| takes(&sampler, parent, trace));
            assert_eq!(is, taken, "{of:?}");
        }
    }
}

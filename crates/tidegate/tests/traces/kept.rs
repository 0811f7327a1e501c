//! What is exported when the sampler says no.

use opentelemetry_sdk::trace::Sampler;
use tidegate::class::Class;

use crate::support::{Do, Traces, script};

#[tokio::test]
async fn what_goes_well_is_left_to_the_sampler() {
    let traces = Traces::sampled(Sampler::TraceIdRatioBased(0.0));
    let t = traces.service(&script(&[])).await;
    traces.order(&t, "o-1").await;
    t.settled().await;
    assert_eq!(traces.tree(), "\n");
}

#[tokio::test]
async fn failed_attempts_and_those_after_them_are_always_exported() {
    let traces = Traces::sampled(Sampler::TraceIdRatioBased(0.0));
    let t = traces.service(&script(&[Do::Fail(Class::Transient)])).await;
    traces.order(&t, "o-1").await;
    traces.order(&t, "o-2").await;
    t.settled().await;
    let expected = "
process orders !transient ~origin:outside
process orders ~origin:outside
";
    assert_eq!(traces.tree(), expected, "their parent went well, and was not kept");
    let spans = traces.spans();
    assert_eq!(spans[0].span_context.trace_id(), spans[1].span_context.trace_id());
    assert!(spans.iter().all(|span| span.span_context.is_sampled()));
}

#[tokio::test]
async fn a_dead_letter_is_always_exported_with_its_handlers_attempts() {
    let traces = Traces::sampled(Sampler::AlwaysOff);
    let t = traces.service(&script(&[Do::Fail(Class::Permanent)])).await;
    traces.order(&t, "o-1").await;
    t.settled().await;
    let names: Vec<_> = traces.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!((&*names[0], &*names[2]), ("process orders", "on_dead_letter orders"));
    assert!(names[1].starts_with("send "), "{names:?}");
}

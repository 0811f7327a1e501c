//! Handlers of other kinds run in their spans too.

use std::collections::HashSet;

use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry::{Context, trace::Tracer as _};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tidegate::prelude::*;
use tidegate::testing::TestService;

use crate::support::{Ordered, Traces};

fn blocks(_: Payload<Ordered>, State(provider): State<SdkTracerProvider>) {
    assert!(Context::current().span().span_context().is_valid());
    provider.tracer("test").in_span("inside", |_| {});
}

#[tokio::test]
async fn what_a_blocking_handler_does_is_below_its_attempt() {
    let traces = Traces::all();
    let routes = Topic::json("orders").on(blocking(blocks)).layer(traces.layer());
    let t = TestService::new(routes.with_state(traces.provider.clone())).await;
    traces.order(&t, "o-1").await;
    t.settled().await;
    assert_eq!(
        traces.tree(),
        "
request
  send orders
    process orders ~origin:send orders
      inside
"
    );
}

async fn many(batch: Batch<Ordered>) -> Vec<Result<(), Permanent>> {
    let check = |record: &tidegate::handler::batch::BatchRecord<Ordered>| {
        if record.payload.id == "o-2" { Err(Permanent::new("no")) } else { Ok(()) }
    };
    batch.iter().map(check).collect()
}

#[tokio::test]
async fn each_record_of_a_batch_has_its_own_span() {
    let traces = Traces::all();
    let routes = Topic::json("orders").on_batch(10, many).layer(traces.layer()).with_state(());
    let t = TestService::new(routes).await;
    for id in ["o-1", "o-2", "o-3"] {
        traces.order(&t, id).await;
    }
    t.settled().await;
    let spans = traces.spans();
    let attempts: Vec<_> = spans.iter().filter(|span| span.name == "process orders").collect();
    assert_eq!(attempts.len(), 3);
    let failed = attempts.iter().filter(|s| s.status != opentelemetry::trace::Status::Unset);
    assert_eq!(failed.count(), 1);
    let traces: HashSet<_> = attempts.iter().map(|s| s.span_context.trace_id()).collect();
    assert_eq!(traces.len(), 3, "each in the trace of its own request");
}

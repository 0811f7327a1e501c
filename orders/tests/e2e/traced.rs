//! Traces, as a receiver gets them.

use serde_json::json;

use crate::harness::Setup;
use crate::receiver::{CALLER, Received, Receiver, hex, traced_order};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// What a charge looks like: the call, and the gateway's side of it.
const COMPLETED: &str = "
POST /api/v1/orders
  send orders
    process orders ~origin:send orders
      POST /api/v1/charges
        POST /api/v1/charges
      send orders
";

#[tokio::test]
async fn an_orders_trace_goes_from_the_callers_request_to_its_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let up = receiver.of(Setup::up(folder.path())).ready().await;
    let order = traced_order(&up, TRACE, "widget").await;
    up.reaches(&order.order_id, "completed").await;
    receiver.tree_is(TRACE, COMPLETED).await;
    let spans = receiver.spans();
    let request = spans.iter().find(|span| span.span.name == "POST /api/v1/orders").unwrap();
    assert_eq!(hex(&request.span.parent_span_id), CALLER);
    assert!(spans.iter().all(|span| span.service == "orders"), "{spans:?}");
    let process = spans.iter().find(|span| span.span.name == "process orders").unwrap();
    for (name, value) in [
        ("messaging.system", "kafka"),
        ("messaging.operation.type", "process"),
        ("messaging.destination.name", "orders"),
        ("messaging.consumer.group.name", "orders-consumer-group"),
        ("messaging.message.id", &order.event_id),
        ("tidegate.attempt", "1"),
        ("tidegate.outcome", "done"),
    ] {
        assert_eq!(process.attribute(name).as_deref(), Some(value), "{name}");
    }
    // What sends the spans makes none of its own.
    let exporters = |name: Option<String>| name.is_some_and(|path| path.contains("v1/traces"));
    assert!(!spans.iter().any(|span| exporters(span.attribute("url.path"))));
    up.end().await;
}

#[tokio::test]
async fn attempts_stand_side_by_side_and_link_to_the_origin() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let up = receiver.of(Setup::up(folder.path())).ready().await;
    let order = traced_order(&up, TRACE, "fail-transient-2").await;
    up.reaches(&order.order_id, "completed").await;
    let expected = "
POST /api/v1/orders
  send orders
    process orders !transient ~origin:send orders
      POST /api/v1/charges
        POST /api/v1/charges
    process orders !transient ~origin:send orders
      POST /api/v1/charges
        POST /api/v1/charges
    process orders ~origin:send orders
      POST /api/v1/charges
        POST /api/v1/charges
      send orders
";
    receiver.tree_is(TRACE, expected).await;
    up.end().await;
}

#[tokio::test]
async fn a_dead_letter_and_its_replay_stay_in_the_orders_trace() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let up = receiver.of(Setup::up(folder.path())).ready().await;
    let order = traced_order(&up, TRACE, "fail-until-replay").await;
    up.reaches(&order.order_id, "failed").await;
    let letter = up.dead_letter(&order.event_id).await;
    assert_eq!(letter["status"], "dead");
    let body = json!({"event_ids": [order.event_id]});
    up.replay().post("/api/v1/replay", &body).await.expect(200);
    up.reaches(&order.order_id, "completed").await;
    let expected = "
POST /api/v1/orders
  send orders
    process orders !permanent ~origin:send orders
      POST /api/v1/charges
        POST /api/v1/charges
      send orders_dlq
        on_dead_letter orders ~origin:send orders
          send orders
        send orders ~cause:POST /api/v1/replay
          process orders ~origin:send orders
            POST /api/v1/charges
              POST /api/v1/charges
            send orders
";
    receiver.tree_is(TRACE, expected).await;
    let operator = receiver.has("the operator's request", |s| s.span.name == "POST /api/v1/replay");
    assert_ne!(operator.await.trace(), TRACE);
    up.end().await;
}

#[tokio::test]
async fn a_share_of_nothing_still_has_the_failures() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let setup = Setup::up(folder.path())
        .variable("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
        .variable("OTEL_TRACES_SAMPLER_ARG", "0");
    let up = receiver.of(setup).ready().await;
    let (good, bad) = (up.order("widget").await, up.order("fail-transient-1").await);
    up.reaches(&good.order_id, "completed").await;
    up.reaches(&bad.order_id, "completed").await;
    up.end().await;
    let spans = receiver.spans();
    let names: Vec<_> = spans.iter().map(|span| span.span.name.as_str()).collect();
    assert_eq!(names, ["process orders", "process orders"], "the failure, and the retry");
    let of_bad = |span: &Received| span.attribute("messaging.message.id");
    assert!(spans.iter().all(|span| of_bad(span).as_deref() == Some(&bad.event_id)));
    assert!(spans.iter().all(|span| span.trace() == spans[0].trace()));
}

#[tokio::test]
async fn what_is_left_is_sent_at_the_end_with_the_names_and_headers_that_were_set() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let setup = receiver
        .of(Setup::up(folder.path()))
        .variable("OTEL_BSP_SCHEDULE_DELAY", "3600000")
        .variable("SERVICE_NAME", "not this one")
        .variable("OTEL_SERVICE_NAME", "shop")
        .variable("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hunter2");
    let up = setup.ready().await;
    let order = traced_order(&up, TRACE, "widget").await;
    up.reaches(&order.order_id, "completed").await;
    let ended = up.end().await;
    receiver.tree_is(TRACE, COMPLETED).await;
    assert!(receiver.spans().iter().all(|span| span.service == "shop"));
    assert_eq!(receiver.headers()[0]["authorization"], "Bearer hunter2");
    assert!(!(ended.stderr + &ended.stdout).contains("hunter2"));
}

#[tokio::test]
async fn switched_off_nothing_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let setup = receiver.of(Setup::up(folder.path())).variable("OTEL_SDK_DISABLED", "true");
    let up = setup.ready().await;
    let order = traced_order(&up, TRACE, "fail-transient-1").await;
    up.reaches(&order.order_id, "completed").await;
    up.end().await;
    assert!(receiver.headers().is_empty());
}

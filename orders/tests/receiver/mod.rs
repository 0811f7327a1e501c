//! A receiver of traces: OTLP over HTTP, the real protobuf. It takes them, refuses them, or never answers.

mod tree;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::harness::{PATIENCE, Placed, Program, Setup, eventually};

/// The span of whoever posts a traced order.
pub(crate) const CALLER: &str = "b7ad6b7169203331";

/// Posts an order in a trace of the caller's own.
pub(crate) async fn traced_order(up: &Program, trace: &str, product: &str) -> Placed {
    let order = json!({"customer_id": "c", "product_id": product, "quantity": 1, "price": 5});
    let request = up.producer().request("POST", "/api/v1/orders").json(&order);
    let request = request.header("traceparent", format!("00-{trace}-{CALLER}-01"));
    let answer = up.producer().send(request).await.expect(202);
    let id = |name: &str| answer.data()[name].as_str().unwrap().to_owned();
    Placed { order_id: id("order_id"), event_id: id("event_id") }
}

/// What it does with what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Takes,
    NeverAnswers,
}

/// One span, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) service: String,
    pub(crate) span: Span,
}

/// A running receiver; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    inner: Arc<Inner>,
    _running: JoinSet<()>,
}

#[derive(Debug)]
struct Inner {
    mood: Mood,
    spans: Mutex<Vec<Received>>,
    headers: Mutex<Vec<HeaderMap>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), Mood::Takes).await
    }

    pub(crate) async fn at(address: SocketAddr, mood: Mood) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner { mood, spans: Mutex::default(), headers: Mutex::default() });
        let routes = Router::new().route("/v1/traces", post(take)).with_state(inner.clone());
        let mut running = JoinSet::new();
        running.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, inner, _running: running }
    }

    /// The platform sends its traces here, soon.
    pub(crate) fn of(&self, setup: Setup) -> Setup {
        sending_to(self.address, setup)
    }

    pub(crate) fn spans(&self) -> Vec<Received> {
        self.inner.spans.lock().unwrap().clone()
    }

    /// The headers of every export.
    pub(crate) fn headers(&self) -> Vec<HeaderMap> {
        self.inner.headers.lock().unwrap().clone()
    }

    /// Waits until the spans of this trace are these, as a tree.
    pub(crate) async fn tree_is(&self, trace: &str, expected: &str) {
        let deadline = std::time::Instant::now() + PATIENCE / 3;
        loop {
            let tree = tree::of(&self.spans(), trace);
            if tree == expected {
                return;
            }
            assert!(std::time::Instant::now() < deadline, "expected:{expected}\nis:{tree}");
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
    }

    /// Waits until a span has come for which this holds.
    pub(crate) async fn has(&self, what: &str, holds: impl Fn(&Received) -> bool) -> Received {
        eventually(what, async || self.spans().into_iter().find(|span| holds(span))).await
    }
}

/// Sends traces to this address, soon.
pub(crate) fn sending_to(address: SocketAddr, setup: Setup) -> Setup {
    setup
        .variable("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{address}"))
        .variable("OTEL_BSP_SCHEDULE_DELAY", "100")
}

async fn take(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if inner.mood == Mood::NeverAnswers {
        std::future::pending::<()>().await;
    }
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    inner.headers.lock().unwrap().push(headers);
    let mut spans = inner.spans.lock().unwrap();
    for resource in request.resource_spans {
        let service = resource.resource.map(|r| text(&r.attributes, "service.name"));
        let service = service.flatten().unwrap_or_default();
        let all = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.extend(all.map(|span| Received { service: service.clone(), span }));
    }
    StatusCode::OK
}

/// The value of an attribute, as text.
fn text(attributes: &[KeyValue], name: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.as_ref()? {
        AnyValue { value: Some(Value::StringValue(text)) } => Some(text.clone()),
        AnyValue { value: Some(Value::IntValue(number)) } => Some(number.to_string()),
        AnyValue { value: Some(Value::BoolValue(is)) } => Some(is.to_string()),
        _ => None,
    }
}

impl Received {
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        text(&self.span.attributes, name)
    }

    pub(crate) fn trace(&self) -> String {
        hex(&self.span.trace_id)
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

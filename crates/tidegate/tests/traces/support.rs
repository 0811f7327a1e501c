//! A service that is traced into memory, and a view of its spans as a tree.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use opentelemetry::trace::{SpanId, Status, TraceContextExt, Tracer as _, TracerProvider};
use opentelemetry::{Context, ContextGuard};
use opentelemetry_sdk::trace::{
    InMemorySpanExporter, Sampler, SdkTracerProvider, SimpleSpanProcessor, SpanData,
};
use serde::{Deserialize, Serialize};
use tidegate::class::{Class, Classify};
use tidegate::layer::Trace;
use tidegate::prelude::*;
use tidegate::publisher::Publisher;
use tidegate::telemetry::{KeepFailures, RecordAll, Tracer};
use tidegate::testing::TestService;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ordered {
    pub(crate) id: String,
}

impl Event for Ordered {
    const TYPE: &'static str = "order.created";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Charged {
    pub(crate) id: String,
}

impl Event for Charged {
    const TYPE: &'static str = "payment.charged";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

/// What the handler does, call after call; then it works.
pub(crate) type Script = Arc<Mutex<VecDeque<Do>>>;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Do {
    Work,
    Fail(Class),
    Panic,
    Hang,
}

#[derive(Debug, thiserror::Error)]
#[error("the script says {0}")]
pub(crate) struct Scripted(Class);

impl Classify for Scripted {
    fn class(&self) -> Class {
        self.0
    }
}

pub(crate) fn script(steps: &[Do]) -> Script {
    Arc::new(Mutex::new(steps.iter().copied().collect()))
}

async fn play(script: &Script) -> Result<(), Scripted> {
    let step = script.lock().unwrap().pop_front();
    match step.unwrap_or(Do::Work) {
        Do::Work => Ok(()),
        Do::Fail(class) => Err(Scripted(class)),
        Do::Panic => panic!("scripted panic with a card 4111111111111111"),
        Do::Hang => std::future::pending().await,
    }
}

pub(crate) async fn charge(
    Payload(order): Payload<Ordered>,
    State(script): State<Script>,
) -> Result<Emit<Charged>, Scripted> {
    play(&script).await?;
    Ok(Emit::to("payments", Charged { id: order.id }))
}

pub(crate) async fn given_up(dead: DeadLetter<Ordered>) -> Emit<Charged> {
    Emit::to("failures", Charged { id: dead.key().to_owned() })
}

/// Where spans go, and who makes them.
pub(crate) struct Traces {
    exporter: InMemorySpanExporter,
    pub(crate) provider: SdkTracerProvider,
}

impl Traces {
    pub(crate) fn all() -> Self {
        Self::sampled(Sampler::AlwaysOn)
    }

    pub(crate) fn sampled(sampler: Sampler) -> Self {
        let exporter = InMemorySpanExporter::default();
        let processor = KeepFailures(SimpleSpanProcessor::new(exporter.clone()));
        let sampler = RecordAll(Sampler::ParentBased(Box::new(sampler)));
        let provider = SdkTracerProvider::builder()
            .with_sampler(sampler)
            .with_span_processor(processor)
            .build();
        Self { exporter, provider }
    }

    pub(crate) fn tracer(&self) -> Tracer {
        Tracer::of(&self.provider)
    }

    pub(crate) fn layer(&self) -> Trace {
        Trace::with(self.tracer())
    }

    /// A service whose handler plays the script, and is traced.
    pub(crate) async fn service(&self, script: &Script) -> TestService {
        let routes = Topic::json("orders").on(charge).timeout(secs(1)).on_dead_letter(given_up);
        TestService::new(routes.layer(self.layer()).with_state(script.clone())).await
    }

    /// A request: the current span until the guard is dropped.
    pub(crate) fn request(&self, name: &'static str) -> ContextGuard {
        let span = self.provider.tracer("test").start(name);
        Context::new().with_span(span).attach()
    }

    /// Publishes an order in a request of its own.
    pub(crate) async fn order(&self, t: &TestService, id: &str) {
        let publisher = Publisher::new(t.broker().clone()).traced(self.tracer());
        let event = NewEvent::to("orders", Ordered { id: id.to_owned() })
            .id(EventId::new(id))
            .correlation("case-7")
            .prepare()
            .unwrap();
        let sending = {
            let _request = self.request("request");
            opentelemetry::trace::FutureExt::with_current_context(publisher.send(event))
        };
        sending.await.unwrap();
    }

    pub(crate) fn spans(&self) -> Vec<SpanData> {
        let mut spans = self.exporter.get_finished_spans().unwrap();
        spans.sort_by_key(|span| span.start_time);
        spans
    }

    /// The spans as an indented tree: name, status, outcome, and what is linked.
    pub(crate) fn tree(&self) -> String {
        let spans = self.spans();
        let mut tree = String::from("\n");
        let known = |id: SpanId| spans.iter().any(|s| s.span_context.span_id() == id);
        for root in spans.iter().filter(|s| !known(s.parent_span_id)) {
            branch(&spans, root, 0, &mut tree);
        }
        tree
    }
}

fn branch(spans: &[SpanData], span: &SpanData, depth: usize, tree: &mut String) {
    let status = match &span.status {
        Status::Error { description } => format!(" !{description}"),
        _ => String::new(),
    };
    let links: String =
        span.links.iter().map(|link| format!(" ~{}", linked(spans, link))).collect();
    writeln!(tree, "{:indent$}{}{status}{links}", "", span.name, indent = depth * 2).unwrap();
    let id = span.span_context.span_id();
    for child in spans.iter().filter(|s| s.parent_span_id == id) {
        assert_eq!(child.span_context.trace_id(), span.span_context.trace_id());
        branch(spans, child, depth + 1, tree);
    }
}

fn linked(spans: &[SpanData], link: &opentelemetry::trace::Link) -> String {
    let id = link.span_context.span_id();
    let to = spans.iter().find(|span| span.span_context.span_id() == id);
    let to = to.map_or("outside".into(), |span| span.name.clone());
    format!("{}:{to}", link.attributes[0].value)
}

/// The value of an attribute, as text.
pub(crate) fn attribute(span: &SpanData, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == name);
    found.map(|attribute| attribute.value.to_string())
}

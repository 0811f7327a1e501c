//! Whoever makes the spans.

use std::fmt;
use std::sync::{Arc, OnceLock};

use opentelemetry::global::{self, BoxedTracer, ObjectSafeTracer};
use opentelemetry::trace::{
    SpanBuilder, SpanContext, TraceContextExt, Tracer as _, TracerProvider,
};
use opentelemetry::{Context, InstrumentationScope};

use crate::telemetry::names;

/// Makes the framework's spans. Cheap to clone.
#[derive(Clone)]
pub struct Tracer(Arc<OnceLock<BoxedTracer>>);

impl Tracer {
    /// Of the provider that `opentelemetry::global` has at the first span: set it before the service starts.
    #[must_use]
    pub fn global() -> Self {
        Self(Arc::default())
    }

    /// Of this provider.
    #[must_use]
    pub fn of<P>(provider: &P) -> Self
    where
        P: TracerProvider,
        P::Tracer: ObjectSafeTracer + Send + Sync + 'static,
    {
        let tracer = BoxedTracer::new(Box::new(provider.tracer_with_scope(scope())));
        Self(Arc::new(OnceLock::from(tracer)))
    }

    /// Starts a span; without a parent it is the root of a new trace. The context has it, and all else that is current.
    pub(crate) fn start(&self, span: SpanBuilder, parent: Option<SpanContext>) -> Context {
        let tracer = self.0.get_or_init(|| global::tracer_with_scope(scope()));
        let above = match parent {
            Some(parent) => Context::new().with_remote_span_context(parent),
            None => Context::new(),
        };
        let span = tracer.build_with_context(span, &above);
        Context::current().with_span(span)
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder(names::SCOPE).with_version(env!("CARGO_PKG_VERSION")).build()
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tracer")
    }
}

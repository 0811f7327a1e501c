//! A span for each attempt.

use std::convert::Infallible;
use std::task::{Context, Poll};

use opentelemetry::trace::FutureExt;
use tower_layer::Layer;
use tower_service::Service;

use crate::broker::BoxFuture;
use crate::delivery::Delivery;
use crate::outcome::Outcome;
use crate::telemetry::{AttemptSpan, Tracer};

/// Traces a route: a span for each attempt, for each event that it emits, for its dead letter, and for each attempt of its dead-letter
/// handler. See [`telemetry`](crate::telemetry) for what is whose child.
///
/// The handler runs in its span (`opentelemetry::Context::current()`), also on the thread of a
/// [`blocking`](crate::handler::blocking) one. Without an exporter its spans go nowhere, and a foreign trace is passed on.
///
/// ```
/// use tidegate::prelude::*;
/// # #[derive(serde::Deserialize)] struct Greeting { name: String }
/// # impl Event for Greeting {
/// #     const TYPE: &'static str = "greeting.sent";
/// #     fn key(&self) -> Key<'_> { Key::from(&self.name) }
/// # }
/// # async fn greet(_: Payload<Greeting>) {}
/// let router = Topic::json("greetings").on(greet).layer(tidegate::layer::Trace::new()).with_state(());
/// ```
#[derive(Debug, Clone)]
pub struct Trace(Tracer);

impl Trace {
    /// With the spans of the provider that `opentelemetry::global` has when the first attempt begins.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Tracer::global())
    }

    /// With this tracer's spans.
    #[must_use]
    pub fn with(tracer: Tracer) -> Self {
        Self(tracer)
    }
}

impl Default for Trace {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for Trace {
    type Service = Traced<S>;

    fn layer(&self, inner: S) -> Traced<S> {
        Traced { inner, tracer: self.0.clone() }
    }
}

/// What [`Trace`] makes of a service.
#[derive(Debug, Clone)]
pub struct Traced<S> {
    inner: S,
    tracer: Tracer,
}

impl<S> Service<Delivery> for Traced<S>
where
    S: Service<Delivery, Response = Outcome, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Outcome, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, delivery: Delivery) -> Self::Future {
        let attempt = AttemptSpan::start(&self.tracer, &delivery);
        let called = {
            let _attached = attempt.context().attach();
            self.inner.call(delivery)
        };
        let called = called.with_context(attempt.context());
        Box::pin(async move {
            let Ok(outcome) = called.await;
            attempt.end(&outcome);
            Ok(outcome)
        })
    }
}

//! A layer that looks at every attempt before it goes on.

use std::convert::Infallible;
use std::task::{Context, Poll};

use tidegate::broker::BoxFuture;
use tidegate::delivery::Delivery;
use tidegate::layer::HandlerService;
use tidegate::outcome::Outcome;

/// The layer, and what it does with what it sees.
#[derive(Clone)]
pub(crate) struct Look<F>(pub(crate) F);

#[derive(Clone)]
pub(crate) struct Looking<F>(HandlerService, F);

impl<F: Fn(&Delivery) + Clone> tower_layer::Layer<HandlerService> for Look<F> {
    type Service = Looking<F>;

    fn layer(&self, inner: HandlerService) -> Looking<F> {
        Looking(inner, self.0.clone())
    }
}

impl<F: Fn(&Delivery)> tower_service::Service<Delivery> for Looking<F> {
    type Response = Outcome;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Outcome, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, delivery: Delivery) -> Self::Future {
        (self.1)(&delivery);
        self.0.call(delivery)
    }
}

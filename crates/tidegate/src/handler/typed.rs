//! A handler with its format and state: from here on nobody knows its types.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::broker::BoxFuture;
use crate::class::Failure;
use crate::delivery::Delivery;
use crate::extract::Arguments;
use crate::handler::{First, Handler};
use crate::outcome::{IntoOutcome, Outcome};

/// The innermost service: decodes, extracts, calls.
pub(crate) struct Typed<H, C, S, A, X> {
    shared: Arc<Shared<H, C, S>>,
    types: PhantomData<fn(A, X)>,
}

struct Shared<H, C, S> {
    handler: H,
    codec: C,
    state: S,
}

impl<H, C, S, A, X> Typed<H, C, S, A, X> {
    pub(crate) fn new(handler: H, codec: C, state: S) -> Self {
        Self { shared: Arc::new(Shared { handler, codec, state }), types: PhantomData }
    }
}

impl<H, C, S, A, X> Clone for Typed<H, C, S, A, X> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), types: PhantomData }
    }
}

impl<H, C, S> Shared<H, C, S> {
    async fn attempt<A, X>(&self, delivery: Delivery) -> Result<Outcome, Failure>
    where
        H: Handler<A, X>,
        H::Output: IntoOutcome,
        A: First<C>,
        X: Arguments<S>,
    {
        let first = A::decode(&self.codec, &delivery)?;
        let arguments = X::from_delivery(&delivery, &self.state).await?;
        // The arguments end with the handler's future: an inbox is back in its slot before the outcome is seen.
        let output = self.handler.call(first, arguments).await;
        Ok(output.into_outcome())
    }
}

impl<H, C, S, A, X> Service<Delivery> for Typed<H, C, S, A, X>
where
    H: Handler<A, X>,
    H::Output: IntoOutcome,
    C: Send + Sync + 'static,
    S: Send + Sync + 'static,
    A: First<C> + Send + 'static,
    X: Arguments<S> + Send + 'static,
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Outcome, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, delivery: Delivery) -> Self::Future {
        let shared = self.shared.clone();
        Box::pin(async move {
            Ok(shared.attempt::<A, X>(delivery).await.unwrap_or_else(Outcome::Failed))
        })
    }
}

//! User layers: what goes round the handlers, between the runtime's guarantees and the function.
//!
//! ```text
//!        claim ─ attempt budget ─ timeout ─ catch panic        the runtime's: pinned, in this order
//!   ┌───────────────────────────────────────────────────┐
//!   │ layer added last                                  │
//!   │  ┌─────────────────────────────────────────────┐  │
//!   │  │ layer added first                           │  │      yours
//!   │  │  ┌───────────────────────────────────────┐  │  │
//!   │  │  │ decode ─ extract ─ handler ─ outcome  │  │  │
//!   │  │  └───────────────────────────────────────┘  │  │
//!   │  └─────────────────────────────────────────────┘  │
//!   └───────────────────────────────────────────────────┘
//!        settle: emitted events, marker, offset (rule 4)       the runtime's
//! ```
//!
//! A layer is a [`tower_layer::Layer`] over `Service<Delivery, Response = Outcome, Error = Infallible>`. It sees one
//! attempt: the delivery on the way in, the outcome on the way out; it applies to the routes (and their dead-letter
//! handlers) that were added before it. Walking through: the layer added last gets the delivery first and the outcome
//! last.
//!
//! Which tower layers are safe here:
//!
//! | layer | here |
//! |---|---|
//! | [`Trace`] (feature `otel`), map request, map response, and such that only look or relabel | safe |
//! | `timeout` | use the route's `.timeout(..)`: a cut-off attempt is *unknown*, and the runtime must know |
//! | `retry`, `hedge` | run the handler again inside one attempt: repeated effects, uncounted attempts |
//! | `load_shed`, `limit`, `buffer` | an error or a delay that the runtime takes for the handler's |
//! | anything that answers `Done` itself | loses the record: nothing has been done |

#[cfg(feature = "otel")]
mod trace;

use std::convert::Infallible;
use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::broker::BoxFuture;
use crate::delivery::Delivery;
use crate::outcome::Outcome;

#[cfg(feature = "otel")]
pub use trace::{Trace, Traced};

/// A handler with all that is round it so far: what a user layer is given.
pub struct HandlerService(Box<dyn Attempts>);

/// A service whose type is forgotten; the one place where it is boxed.
trait Attempts: Send + Sync {
    fn clone_box(&self) -> Box<dyn Attempts>;
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>>;
    fn call(&mut self, delivery: Delivery) -> BoxFuture<'static, Result<Outcome, Infallible>>;
    fn attempt(&self, delivery: Delivery) -> BoxFuture<'static, Outcome>;
}

impl<T> Attempts for T
where
    T: Service<Delivery, Response = Outcome, Error = Infallible> + Clone + Send + Sync + 'static,
    T::Future: Send + 'static,
{
    fn clone_box(&self) -> Box<dyn Attempts> {
        Box::new(self.clone())
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::poll_ready(self, cx)
    }

    fn call(&mut self, delivery: Delivery) -> BoxFuture<'static, Result<Outcome, Infallible>> {
        Box::pin(Service::call(self, delivery))
    }

    fn attempt(&self, delivery: Delivery) -> BoxFuture<'static, Outcome> {
        let mut service = self.clone(); // which is not ready: each attempt asks anew
        Box::pin(async move {
            let Ok(()) = poll_fn(|cx| Service::poll_ready(&mut service, cx)).await;
            let Ok(outcome) = Service::call(&mut service, delivery).await;
            outcome
        })
    }
}

impl HandlerService {
    /// Forgets the type of a service.
    pub fn new<T>(service: T) -> Self
    where
        T: Service<Delivery, Response = Outcome, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        T::Future: Send + 'static,
    {
        Self(Box::new(service))
    }

    /// One attempt: waits until the layers are ready, then calls.
    pub(crate) fn attempt(&self, delivery: Delivery) -> BoxFuture<'static, Outcome> {
        self.0.attempt(delivery)
    }
}

impl Clone for HandlerService {
    fn clone(&self) -> Self {
        Self(self.0.clone_box())
    }
}

impl fmt::Debug for HandlerService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandlerService")
    }
}

impl Service<Delivery> for HandlerService {
    type Response = Outcome;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Outcome, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, delivery: Delivery) -> Self::Future {
        self.0.call(delivery)
    }
}

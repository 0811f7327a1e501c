//! A handler's arguments: what they are made from, and what they need.
//!
//! The first argument is the event itself ([`Payload`](crate::handler::Payload)); after it come up to eight
//! extractors, in any order:
//!
//! | extractor | gives |
//! |---|---|
//! | [`State<T>`](State) | the service's own state, or a part of it |
//! | [`EventId`](crate::event::EventId) | the event's identity: the idempotency key for everything outside |
//! | [`Attempt`] | which attempt it is, from 1 |
//! | [`CorrelationId`] | names everything that belongs to one request |
//! | [`Meta`] | topic, partition, offset, timestamp |
//! | [`Headers`](crate::headers::Headers) | the record's headers |
//! | [`Raw`] | the record as it stands in the log |
//! | [`Inbox<Db>`](crate::inbox::Inbox) | the transaction of marker, effect and emitted events |
//! | [`Replay`] | whether the record was replayed, and by which job |
//! | `Result<X, X::Rejection>` | an extractor that may refuse, without failing the attempt |
//!
//! An extractor that refuses is a failure of the attempt, with a class ([`Classify`]). What an extractor needs of the
//! service (a store) it declares in [`FromDelivery::needs`]; a service that lacks it does not start.

mod about;
mod arguments;
mod state;

use std::future::Future;

pub use about::{Attempt, CorrelationId, Meta, Raw, Replay};
pub use arguments::{Arguments, BatchArgument, BatchArguments};
pub use state::{FromRef, State};

use crate::class::Classify;
use crate::delivery::Delivery;

/// Makes a handler's argument from a delivery. Implement it for arguments of your own.
///
/// ```
/// use std::convert::Infallible;
/// use tidegate::delivery::Delivery;
/// use tidegate::extract::FromDelivery;
///
/// struct KeyLength(usize);
/// impl<S: Sync> FromDelivery<S> for KeyLength {
///     type Rejection = Infallible;
///     async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, Infallible> {
///         Ok(Self(delivery.record.key.as_ref().map_or(0, |key| key.len())))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a handler here",
    label = "not an extractor for a router with the state `{S}`",
    note = "the event (`Payload<T>`) comes first; after it: `State`, `EventId`, `Attempt`, `Meta`, `Inbox`, ... or a type that implements `FromDelivery`"
)]
pub trait FromDelivery<S>: Sized {
    /// Why it cannot be made; its class decides what happens to the record.
    type Rejection: Classify + Send;

    /// Makes the argument. May wait; time counts for the route's timeout.
    fn from_delivery(
        delivery: &Delivery,
        state: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;

    /// Declares what the service must have for this argument. Default: nothing.
    fn needs(needs: &mut Needs) {
        let _ = needs;
    }
}

/// What a handler's arguments need of its router; checked before the service starts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    inboxes: usize,
}

impl Needs {
    /// A store of markers and effects: the route's attempts get a session in
    /// [`Delivery::inbox`](crate::delivery::Delivery::inbox), and its effects are transactional. An attempt has one
    /// session: a handler that asks twice is refused (`TG0013`).
    pub fn inbox(&mut self) {
        self.inboxes += 1;
    }

    pub(crate) fn inboxes(&self) -> usize {
        self.inboxes
    }
}

impl<S: Sync, X: FromDelivery<S>> FromDelivery<S> for Result<X, X::Rejection> {
    type Rejection = std::convert::Infallible;

    async fn from_delivery(delivery: &Delivery, state: &S) -> Result<Self, Self::Rejection> {
        Ok(X::from_delivery(delivery, state).await)
    }

    fn needs(needs: &mut Needs) {
        X::needs(needs);
    }
}

//! The service's own state.

use std::convert::Infallible;

use crate::delivery::Delivery;
use crate::extract::FromDelivery;

/// The state that the router was given with `.with_state(..)`, or a part of it ([`FromRef`]).
#[derive(Debug, Clone, Copy, Default)]
pub struct State<T>(pub T);

/// Takes a part out of a router's state, so that a handler asks only for what it uses.
///
/// ```
/// use tidegate::extract::FromRef;
///
/// #[derive(Clone)] struct Gateway;
/// #[derive(Clone)] struct App { gateway: Gateway }
/// impl FromRef<App> for Gateway {
///     fn from_ref(app: &App) -> Self { app.gateway.clone() }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "no state `{Self}` for this handler: the router's state is `{S}`",
    label = "give the router its state with `.with_state(..)`, or implement `FromRef<{S}>` for `{Self}`"
)]
pub trait FromRef<S> {
    /// Takes the part out.
    fn from_ref(state: &S) -> Self;
}

impl<T: Clone> FromRef<T> for T {
    fn from_ref(state: &T) -> Self {
        state.clone()
    }
}

impl<S: Sync, T: FromRef<S>> FromDelivery<S> for State<T> {
    type Rejection = Infallible;

    async fn from_delivery(_: &Delivery, state: &S) -> Result<Self, Infallible> {
        Ok(Self(T::from_ref(state)))
    }
}

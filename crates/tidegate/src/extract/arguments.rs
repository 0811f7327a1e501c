//! All extractors of one handler, made in their order.

use std::future::Future;

use crate::class::Failure;
use crate::delivery::Delivery;
use crate::extract::{FromDelivery, FromRef, Needs, State};

/// The extractors of a handler: a tuple of up to eight. You never implement it.
#[diagnostic::on_unimplemented(
    message = "a handler takes at most eight extractors after its first argument, each a `FromDelivery`",
    label = "not a list of extractors"
)]
pub trait Arguments<S>: Sized {
    /// Makes them, one after another; the first that refuses fails the attempt.
    fn from_delivery(
        delivery: &Delivery,
        state: &S,
    ) -> impl Future<Output = Result<Self, Failure>> + Send;

    /// What they need, all together.
    fn needs(needs: &mut Needs);
}

macro_rules! arguments {
    ($($x:ident),*) => {
        impl<S: Sync, $($x: FromDelivery<S> + Send),*> Arguments<S> for ($($x,)*) {
            #[allow(unused_variables, clippy::unused_unit, reason = "the empty tuple uses nothing")]
            async fn from_delivery(delivery: &Delivery, state: &S) -> Result<Self, Failure> {
                Ok(($($x::from_delivery(delivery, state).await.map_err(Failure::from)?,)*))
            }

            #[allow(unused_variables, reason = "the empty tuple uses nothing")]
            fn needs(needs: &mut Needs) {
                $($x::needs(needs);)*
            }
        }
    };
}

arguments!();
arguments!(A);
arguments!(A, B);
arguments!(A, B, C);
arguments!(A, B, C, D);
arguments!(A, B, C, D, E);
arguments!(A, B, C, D, E, F);
arguments!(A, B, C, D, E, F, G);
arguments!(A, B, C, D, E, F, G, H);

/// What a batch handler may take besides the batch: [`State`], up to eight times. What differs from record to record stands at each
/// [`BatchRecord`](crate::handler::batch::BatchRecord). You never implement it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a batch handler",
    label = "a batch handler takes nothing but `State<..>` after its `Batch`",
    note = "event id, attempt, headers and place stand at each record of the batch, such as `record.event_id()`"
)]
pub trait BatchArgument<S>: Sized {
    /// Makes it.
    fn from_state(state: &S) -> Self;
}

impl<S, X: FromRef<S>> BatchArgument<S> for State<X> {
    fn from_state(state: &S) -> Self {
        Self(X::from_ref(state))
    }
}

/// All of them: a tuple of up to eight. You never implement it.
#[diagnostic::on_unimplemented(
    message = "a batch handler takes at most eight arguments after its `Batch`, each a `State`",
    label = "not a list of states"
)]
pub trait BatchArguments<S>: Sized {
    /// Makes them.
    fn from_state(state: &S) -> Self;
}

macro_rules! batch_arguments {
    ($($x:ident),*) => {
        impl<S, $($x: BatchArgument<S>),*> BatchArguments<S> for ($($x,)*) {
            #[allow(unused_variables, clippy::unused_unit, reason = "the empty tuple uses nothing")]
            fn from_state(state: &S) -> Self {
                ($($x::from_state(state),)*)
            }
        }
    };
}

batch_arguments!();
batch_arguments!(A);
batch_arguments!(A, B);
batch_arguments!(A, B, C);
batch_arguments!(A, B, C, D);
batch_arguments!(A, B, C, D, E);
batch_arguments!(A, B, C, D, E, F);
batch_arguments!(A, B, C, D, E, F, G);
batch_arguments!(A, B, C, D, E, F, G, H);

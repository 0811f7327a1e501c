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

/// What a batch handler may take besides the batch: up to eight [`State`]s. What differs from record to record stands at each
/// [`BatchRecord`](crate::handler::batch::BatchRecord). You never implement it.
#[diagnostic::on_unimplemented(
    message = "a batch handler takes nothing but `State<..>` after its `Batch`",
    label = "not a list of states",
    note = "event id, attempt, headers and place stand at each record of the batch"
)]
pub trait BatchArguments<S>: Sized {
    /// Makes them.
    fn from_state(state: &S) -> Self;
}

macro_rules! batch_arguments {
    ($($x:ident),*) => {
        impl<S, $($x: FromRef<S>),*> BatchArguments<S> for ($(State<$x>,)*) {
            #[allow(unused_variables, clippy::unused_unit, reason = "the empty tuple uses nothing")]
            fn from_state(state: &S) -> Self {
                ($(State($x::from_ref(state)),)*)
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

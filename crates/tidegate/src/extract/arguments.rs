//! All extractors of one handler, made in their order.

use std::future::Future;

use crate::class::Failure;
use crate::delivery::Delivery;
use crate::extract::{FromDelivery, Needs};

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

//! Handlers: plain async functions from an event to an outcome.
//!
//! ```
//! use tidegate::prelude::*;
//! # #[derive(serde::Deserialize)] struct Greeting { name: String }
//! # impl Event for Greeting {
//! #     const TYPE: &'static str = "greeting.sent";
//! #     fn key(&self) -> Key<'_> { Key::from(&self.name) }
//! # }
//! async fn greet(Payload(g): Payload<Greeting>, attempt: Attempt) -> Result<(), Permanent> {
//!     if g.name.is_empty() {
//!         return Err(Permanent::new("nobody to greet"));
//!     }
//!     Ok(())
//! }
//! let router = Topic::json("greetings").on(greet).with_state(());
//! ```
//!
//! - The first argument is [`Payload<T>`]; it chooses the event type. For `.on_dead_letter` it is
//!   [`DeadLetter<T>`](crate::dead_letter::DeadLetter).
//! - A function that is not async goes into [`blocking`]; one that takes many events at once into `.on_batch` ([`batch`]).
//! - Up to eight [extractors](crate::extract) follow.
//! - What it returns turns into an [`Outcome`](crate::outcome::Outcome); an error's type says its
//!   [class](crate::Classify).
//!
//! A handler may be called twice for one event (a crash between effect and commit, a time-out, a replay). What makes
//! the effect happen once is an `Inbox`, or the event's id as idempotency key.

pub mod batch;
mod blocking;
mod first;
mod typed;

use std::future::Future;

pub use batch::Batch;
pub use blocking::{Blocking, blocking};
pub use first::{First, Payload};
pub(crate) use typed::Typed;

/// An async function `fn(First, X1, .. X8) -> R`. You never implement it.
///
/// Generally you need not worry about `A` and `X`: they are the first argument and the tuple of the others, and make
/// it possible to implement the trait for functions with any number of arguments.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "a handler is an `async fn` whose first argument is `{A}`, with up to eight extractors after it",
    note = "`.on(..)` takes `async fn(Payload<T>, ..)`, `.on_dead_letter(..)` takes `async fn(DeadLetter<T>, ..)` of the same `T`",
    note = "`.on_batch(most, ..)` takes `async fn(Batch<T>, State<..>, ..)`; a function that is not async goes into `blocking(..)`",
    note = "its future must be `Send`: hold nothing like `Rc` or a `MutexGuard` over an `.await`"
)]
pub trait Handler<A, X>: Clone + Send + Sync + 'static {
    /// What it returns.
    type Output;

    /// Whether it keeps a thread until it returns, so that it cannot be cut off.
    #[doc(hidden)]
    const BLOCKING: bool = false;

    /// Calls it.
    fn call(&self, first: A, arguments: X) -> impl Future<Output = Self::Output> + Send;
}

macro_rules! handler {
    ($($x:ident),*) => {
        #[diagnostic::do_not_recommend]
        impl<Fun, Fut, First, $($x),*> Handler<First, ($($x,)*)> for Fun
        where
            Fun: Fn(First, $($x),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future + Send,
        {
            type Output = Fut::Output;

            #[allow(non_snake_case, reason = "arguments are named by their types here")]
            fn call(&self, first: First, ($($x,)*): ($($x,)*)) -> impl Future<Output = Fut::Output> + Send {
                self(first, $($x),*)
            }
        }
    };
}

handler!();
handler!(A);
handler!(A, B);
handler!(A, B, C);
handler!(A, B, C, D);
handler!(A, B, C, D, E);
handler!(A, B, C, D, E, F);
handler!(A, B, C, D, E, F, G);
handler!(A, B, C, D, E, F, G, H);

//! Handlers that keep their thread: a computation, a driver that is not async.

use std::future::Future;

use tokio::task::JoinHandle;

use crate::handler::Handler;
use crate::traces;

/// A plain function as a handler: it runs on a thread of tokio's pool for blocking work, and holds up nobody. An async function needs
/// none of this. Works for batches too: `.on_batch(100, blocking(function))`.
///
/// ```
/// use tidegate::prelude::*;
/// # #[derive(serde::Deserialize)] struct Image { id: String }
/// # impl Event for Image {
/// #     const TYPE: &'static str = "image.uploaded";
/// #     fn key(&self) -> Key<'_> { Key::from(&self.id) }
/// # }
/// fn resize(Payload(image): Payload<Image>, attempt: Attempt) -> Result<(), Permanent> {
///     Ok(()) // as slow as it is
/// }
/// let router = Topic::json("images").on(blocking(resize)).with_state(());
/// ```
///
/// # A thread cannot be cut off
/// So the route's time limit does not apply: an attempt that takes long is waited for, its effect is known, and
/// [`PartitionStuck`](crate::events::RuntimeEvent::PartitionStuck) names its record. When the partition is taken away, or the drain's
/// deadline comes, before the function returns, it goes on beside whoever gets the record next: give it a time limit of its own that
/// is shorter than the drain. A runtime that is dropped waits for such threads: see `tokio::runtime::Runtime::shutdown_timeout`. At most 512 run side by side (tokio's limit for blocking threads).
pub fn blocking<F>(function: F) -> Blocking<F> {
    Blocking(function)
}

/// See [`blocking`].
#[derive(Debug, Clone, Copy)]
pub struct Blocking<F>(F);

/// A call that has not found a thread yet is taken back when its attempt ends: nothing begins for who has lost its partition.
struct Called<R>(JoinHandle<R>);

impl<R> Drop for Called<R> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What the thread returned; its panic is the attempt's.
async fn joined<R>(thread: JoinHandle<R>) -> R {
    let mut called = Called(thread);
    match (&mut called.0).await {
        Ok(output) => output,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => std::future::pending().await, // the runtime ends, and this attempt with it
        },
    }
}

macro_rules! blocking {
    ($($x:ident),*) => {
        #[diagnostic::do_not_recommend]
        impl<Fun, First, R, $($x),*> Handler<First, ($($x,)*)> for Blocking<Fun>
        where
            Fun: Fn(First, $($x),*) -> R + Clone + Send + Sync + 'static,
            First: Send + 'static,
            R: Send + 'static,
            $($x: Send + 'static,)*
        {
            type Output = R;

            const BLOCKING: bool = true;

            #[allow(non_snake_case, reason = "arguments are named by their types here")]
            fn call(&self, first: First, ($($x,)*): ($($x,)*)) -> impl Future<Output = R> + Send {
                let function = self.0.clone();
                let (span, trace) = (tracing::Span::current(), traces::current());
                joined(tokio::task::spawn_blocking(move || {
                    let _attached = trace.attach();
                    span.in_scope(|| function(first, $($x),*))
                }))
            }
        }
    };
}

blocking!();
blocking!(A);
blocking!(A, B);
blocking!(A, B, C);
blocking!(A, B, C, D);
blocking!(A, B, C, D, E);
blocking!(A, B, C, D, E, F);
blocking!(A, B, C, D, E, F, G);
blocking!(A, B, C, D, E, F, G, H);

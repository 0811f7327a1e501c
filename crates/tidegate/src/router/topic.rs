//! The routes of one topic, as users write them down.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;
use tower_service::Service;

#[cfg(feature = "json")]
use crate::codec::Json;
use crate::codec::{Codec, Decode};
use crate::dead_letter::DeadLetter;
use crate::delivery::Delivery;
use crate::event::Event;
use crate::extract::{Arguments, BatchArguments, Needs};
use crate::handler::batch::{Batch, Batched, Gather, IntoOutcomes};
use crate::handler::{Handler, Payload, Typed};
use crate::inbox::InboxStore;
use crate::layer::HandlerService;
use crate::outcome::{IntoOutcome, Outcome};
use crate::policy::{AfterDeadLetter, Order, Retry};
use crate::router::route::Route;
use crate::router::table::TopicTable;
use crate::router::{IntoRouter, Router, Unknown};

/// A topic to be read, and its format. `.on(handler)` makes routes of it.
#[derive(Debug, Clone)]
pub struct Topic<C> {
    name: String,
    codec: C,
}

#[cfg(feature = "json")]
impl Topic<Json> {
    /// A topic whose events are JSON text. A name that Kafka refuses is found at the start (`TG0003`).
    #[must_use]
    pub fn json(name: impl Into<String>) -> Self {
        Self::with_codec(name, Json)
    }
}

impl<C: Codec> Topic<C> {
    /// A topic whose events have this format.
    #[must_use]
    pub fn with_codec(name: impl Into<String>, codec: C) -> Self {
        Self { name: name.into(), codec }
    }

    /// Adds a route: the handler's event type chooses the records.
    pub fn on<H, T, X, S>(self, handler: H) -> TopicRouter<C, S, T>
    where
        H: Handler<Payload<T>, X>,
        H::Output: IntoOutcome,
        C: Decode<T>,
        T: Event,
        X: Arguments<S> + Send + 'static,
        S: Clone + Send + Sync + 'static,
    {
        self.routes::<S, T>().on(handler)
    }

    /// Adds a route whose handler takes up to so many records in one call: see [`batch`](crate::handler::batch).
    pub fn on_batch<H, T, X, S>(self, most: usize, handler: H) -> TopicRouter<C, S, T>
    where
        H: Handler<Batch<T>, X>,
        H::Output: IntoOutcomes,
        C: Decode<T>,
        T: Event,
        X: BatchArguments<S> + Send + 'static,
        S: Clone + Send + Sync + 'static,
    {
        self.routes::<S, T>().on_batch(most, handler)
    }

    fn routes<S, T>(self) -> TopicRouter<C, S, T> {
        let codec = self.codec.clone();
        let table = TopicTable::new(self.name, Arc::new(move |body| codec.envelope(body)));
        TopicRouter { codec: self.codec, table, event: PhantomData }
    }
}

/// The routes of one topic. Policies (`order`, `retry`, `timeout`, `named`, `on_dead_letter`) belong to the handler
/// before them; `skip` and `unknown` to the topic; `inbox` and `layer` to all handlers before them.
///
/// `T` is the event of the last handler. Generally you need not name this type: it turns into a [`Router`].
#[must_use = "routes do nothing until a service is given them"]
pub struct TopicRouter<C, S, T> {
    codec: C,
    table: TopicTable<S>,
    event: PhantomData<fn(T)>,
}

impl<C: Codec, S: Clone + Send + Sync + 'static, T: Event> TopicRouter<C, S, T> {
    /// Adds a route: the handler's event type chooses the records.
    pub fn on<H, U, X>(self, handler: H) -> TopicRouter<C, S, U>
    where
        H: Handler<Payload<U>, X>,
        H::Output: IntoOutcome,
        C: Decode<U>,
        U: Event,
        X: Arguments<S> + Send + 'static,
    {
        let mut routes = self.adding::<U>(H::BLOCKING, |codec, state| {
            HandlerService::new(Typed::<H, C, S, Payload<U>, X>::new(handler, codec, state))
        });
        routes.last().needs(&needs_of::<X, S>());
        routes
    }

    /// Adds a route whose handler takes up to so many records in one call: see [`batch`](crate::handler::batch). It may take
    /// [`State`](crate::extract::State) besides; an inbox cannot be shared by records yet.
    pub fn on_batch<H, U, X>(self, most: usize, handler: H) -> TopicRouter<C, S, U>
    where
        H: Handler<Batch<U>, X>,
        H::Output: IntoOutcomes,
        C: Decode<U>,
        U: Event,
        X: BatchArguments<S> + Send + 'static,
    {
        let mut routes = self.adding::<U>(H::BLOCKING, move |codec, state| {
            let gather = Gather::new(most, H::BLOCKING);
            HandlerService::new(Batched::<H, C, S, U, X>::new(gather, handler, codec, state))
        });
        routes.last().most = Some(most);
        routes
    }

    /// With one more route, for events of type `U`: how its service is made, and whether it keeps a thread.
    fn adding<U: Event>(
        mut self,
        blocking: bool,
        make: impl FnOnce(C, S) -> HandlerService + Send + 'static,
    ) -> TopicRouter<C, S, U> {
        let codec = self.codec.clone();
        let mut route = Route::new(U::TYPE, Box::new(move |state| make(codec, state)));
        route.policy.blocking = blocking;
        self.table.routes.push(route);
        TopicRouter { codec: self.codec, table: self.table, event: PhantomData }
    }

    /// What is done when this handler's record is given up: runs once the dead letter is acknowledged, in the same
    /// transaction as the marker `Dead` where there is a store. Its name, in the ids of what it emits, is `<name>/dead`.
    pub fn on_dead_letter<H, X>(mut self, handler: H) -> Self
    where
        H: Handler<DeadLetter<T>, X>,
        H::Output: IntoOutcome,
        C: Decode<T>,
        X: Arguments<S> + Send + 'static,
    {
        let codec = self.codec.clone();
        let route = self.last();
        route.on_dead_letter(Box::new(move |state| {
            HandlerService::new(Typed::<H, C, S, DeadLetter<T>, X>::new(handler, codec, state))
        }));
        route.needs(&needs_of::<X, S>());
        route.policy.dead_blocking = H::BLOCKING;
        self
    }

    /// The handler's name in markers, derived ids and dead letters. Default: the event type. Renaming a handler makes
    /// it a new one: what it did under the old name is not known any more.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.last().name = name.into();
        self
    }

    /// Which records wait for which. Default: [`Order::Key`].
    pub fn order(mut self, order: Order) -> Self {
        self.last().policy.order = order;
        self
    }

    /// What happens after a transient failure. Default: [`Retry::default`].
    pub fn retry(mut self, retry: Retry) -> Self {
        self.last().policy.retry = retry;
        self
    }

    /// What becomes of the later records of a key when one of them is dead-lettered. Default: [`AfterDeadLetter::Continue`].
    pub fn after_dead_letter(mut self, after: AfterDeadLetter) -> Self {
        self.last().policy.after_dead_letter = after;
        self
    }

    /// How long one attempt may take; then it is cut off, its effect unknown, and counts as a transient failure.
    /// Default: 30 s. Does not apply to a [`blocking`](crate::handler::blocking) handler: nobody can cut a thread off.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.last().policy.timeout = timeout;
        self
    }

    /// Event types of this topic that are not for this service: finished without an effect, and counted.
    pub fn skip(mut self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.table.skip.extend(types.into_iter().map(Into::into));
        self
    }

    /// What happens to event types that are neither handled nor skipped by name. Default: [`Unknown::DeadLetter`].
    pub fn unknown(mut self, unknown: Unknown) -> Self {
        self.table.unknown = Some(unknown);
        self
    }

    /// The store for the handlers so far that have an inbox and no store yet.
    pub fn inbox(mut self, store: Arc<dyn InboxStore>) -> Self {
        self.table.give_store(&store);
        self
    }

    /// Puts a [layer](crate::layer) round the handlers so far.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<HandlerService> + Clone + Send + 'static,
        L::Service: Service<Delivery, Response = Outcome, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        <L::Service as Service<Delivery>>::Future: Send + 'static,
    {
        self.table.wrap(move |inner| HandlerService::new(layer.layer(inner)));
        self
    }

    /// Gives the handlers their state.
    pub fn with_state(self, state: S) -> Router {
        self.into_router().with_state(state)
    }

    fn last(&mut self) -> &mut Route<S> {
        self.table.routes.last_mut().expect("made by `on`, which adds a route")
    }
}

fn needs_of<X: Arguments<S>, S>() -> Needs {
    let mut needs = Needs::default();
    X::needs(&mut needs);
    needs
}

impl<C, S, T> IntoRouter<S> for TopicRouter<C, S, T> {
    fn into_router(self) -> Router<S> {
        Router::of(self.table)
    }
}

impl<C, S, T> fmt::Debug for TopicRouter<C, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table.fmt(f)
    }
}

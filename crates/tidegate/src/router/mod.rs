//! Which handler gets which record.
//!
//! ```text
//!  record ─▶ topic ─▶ event type ─┬─ handled ──────▶ its route: policies, layers, handler
//!                                 ├─ skipped by name ▶ finished, counted
//!                                 ├─ unknown ──────▶ dead letter (or skipped, when `Unknown::Skip` says so)
//!                                 └─ none ─────────▶ dead letter: undecodable
//! ```
//!
//! Nothing is dropped in silence: an event type is handled, skipped by name, or dead-lettered (test
//! `a_type_is_handled_skipped_by_name_or_dead_lettered`).

mod check;
pub(crate) mod endpoint;
mod frozen;
pub(crate) mod identity;
mod route;
mod table;
#[cfg(test)]
mod tests;
mod topic;

use std::convert::Infallible;
use std::sync::Arc;

use tower_layer::Layer;
use tower_service::Service;

pub use topic::{Topic, TopicRouter};

use crate::delivery::Delivery;
use crate::findings::Finding;
use crate::inbox::InboxStore;
use crate::layer::HandlerService;
use crate::message::TopicName;
use crate::outcome::Outcome;
use crate::policy::{AfterDeadLetter, Effects};
use crate::router::endpoint::Endpoint;
use crate::router::table::TopicTable;

/// What happens to an event type that is neither handled nor skipped by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unknown {
    /// It is dead-lettered as permanent: nothing is lost, and an operator sees it.
    #[default]
    DeadLetter,
    /// It is finished without an effect. Loses what a later version sends.
    Skip,
}

/// Routes of one or several topics. `S` is the state that its handlers still wait for.
#[derive(Debug)]
#[must_use = "routes do nothing until a service is given them"]
pub struct Router<S = ()> {
    topics: Vec<TopicTable<S>>,
}

impl<S: Clone + Send + Sync + 'static> Router<S> {
    /// No routes yet.
    pub fn new() -> Self {
        Self { topics: Vec::new() }
    }

    /// Adds the routes of another router. Two of one topic are taken together.
    pub fn merge(mut self, other: impl IntoRouter<S>) -> Self {
        self.topics.extend(other.into_router().topics);
        self
    }

    /// The store for the handlers so far that have an inbox and no store yet.
    pub fn inbox(mut self, store: Arc<dyn InboxStore>) -> Self {
        self.topics.iter_mut().for_each(|table| table.give_store(&store));
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
        for table in &mut self.topics {
            let layer = layer.clone();
            table.wrap(move |inner| HandlerService::new(layer.layer(inner)));
        }
        self
    }

    /// Gives the handlers their state.
    pub fn with_state(self, state: S) -> Router {
        let topics = self.topics.into_iter().map(|table| table.with_state(&state)).collect();
        Router { topics }
    }
}

impl<S> Router<S> {
    fn of(table: TopicTable<S>) -> Self {
        Self { topics: vec![table] }
    }

    /// The topics that are read; only those with legal names, each once.
    pub(crate) fn topics(&self) -> Vec<TopicName> {
        let mut names: Vec<TopicName> =
            self.topics.iter().filter_map(|t| TopicName::new(t.topic.as_str()).ok()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The topics on which this event type is handled.
    #[cfg(feature = "testing")]
    pub(crate) fn topics_of(&self, event_type: &str) -> Vec<TopicName> {
        let takes = |table: &&TopicTable<S>| {
            table.routes.iter().any(|route| route.event_type == event_type)
        };
        let takes = self.topics.iter().filter(takes);
        takes.filter_map(|table| TopicName::new(table.topic.as_str()).ok()).collect()
    }

    /// The handlers that may see a record twice: they have no store.
    pub(crate) fn without_store(&self) -> Vec<String> {
        let routes = self.topics.iter().flat_map(|table| &table.routes);
        let plain = routes.filter(|route| route.policy.effects == Effects::AtLeastOnce);
        plain.map(|route| route.name.clone()).collect()
    }

    /// The handlers that hold the keys of dead letters.
    pub(crate) fn holding(&self) -> Vec<String> {
        let routes = self.topics.iter().flat_map(|table| &table.routes);
        let holding =
            routes.filter(|route| route.policy.after_dead_letter == AfterDeadLetter::HoldKey);
        holding.map(|route| route.name.clone()).collect()
    }

    /// Everything that must be put right before these routes can run.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        check::findings(&self.topics)
    }
}

impl Router {
    /// Freezes the routes. Sound only when there are no [`findings`](Self::findings).
    pub(crate) fn into_endpoint(self) -> Arc<dyn Endpoint> {
        Arc::new(frozen::Frozen::new(self.topics))
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Router<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// What a service or another router takes as routes: a [`Router`], or the routes of one [`Topic`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used as a router with the state `{S}`",
    label = "routes whose handlers wait for a state need `.with_state(..)`; a `Topic` needs `.on(handler)`"
)]
pub trait IntoRouter<S = ()> {
    /// The router.
    fn into_router(self) -> Router<S>;
}

impl<S> IntoRouter<S> for Router<S> {
    fn into_router(self) -> Self {
        self
    }
}

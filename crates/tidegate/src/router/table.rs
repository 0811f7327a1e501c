//! What was written down for one topic.

use std::fmt;
use std::sync::Arc;

use crate::inbox::InboxStore;
use crate::layer::HandlerService;
use crate::policy::Effects;
use crate::router::Unknown;
use crate::router::identity::ReadEnvelope;
use crate::router::route::Route;

/// The routes of one topic, and what happens to the rest of its records.
pub(crate) struct TopicTable<S> {
    pub(crate) topic: String,
    pub(crate) envelope: ReadEnvelope,
    pub(crate) routes: Vec<Route<S>>,
    pub(crate) skip: Vec<String>,
    pub(crate) unknown: Option<Unknown>,
}

impl<S> TopicTable<S> {
    pub(crate) fn new(topic: String, envelope: ReadEnvelope) -> Self {
        Self { topic, envelope, routes: Vec::new(), skip: Vec::new(), unknown: None }
    }

    /// Gives the store to the routes that want one and have none.
    pub(crate) fn give_store(&mut self, store: &Arc<dyn InboxStore>) {
        let wants = |route: &&mut Route<S>| route.policy.effects == Effects::Transactional;
        for route in self.routes.iter_mut().filter(wants) {
            route.store.get_or_insert_with(|| store.clone());
        }
    }

    /// Wraps the handlers so far.
    pub(crate) fn wrap(
        &mut self,
        wrap: impl Fn(HandlerService) -> HandlerService + Clone + Send + 'static,
    ) where
        S: 'static,
    {
        let routes = std::mem::take(&mut self.routes);
        self.routes = routes.into_iter().map(|route| route.wrap(wrap.clone())).collect();
    }

    pub(crate) fn with_state(self, state: &S) -> TopicTable<()>
    where
        S: Clone,
    {
        TopicTable {
            topic: self.topic,
            envelope: self.envelope,
            routes: self.routes.into_iter().map(|route| route.with_state(state)).collect(),
            skip: self.skip,
            unknown: self.unknown,
        }
    }
}

impl<S> fmt::Debug for TopicTable<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let handlers: Vec<_> = self.routes.iter().map(|route| &route.name).collect();
        f.debug_struct("Topic").field("name", &self.topic).field("handlers", &handlers).finish()
    }
}

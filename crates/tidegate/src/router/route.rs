//! One route while it is being built: its policy, and how its service is made once the state is known.

use std::sync::Arc;

use crate::inbox::InboxStore;
use crate::layer::HandlerService;
use crate::policy::{Effects, RoutePolicy};

/// Makes the service of a handler, with its layers, from the router's state.
pub(crate) type Make<S> = Box<dyn FnOnce(S) -> HandlerService + Send>;

/// A handler and what is promised for its records.
pub(crate) struct Route<S> {
    pub(crate) event_type: &'static str,
    /// The event type, unless it was named.
    pub(crate) name: String,
    pub(crate) policy: RoutePolicy,
    pub(crate) store: Option<Arc<dyn InboxStore>>,
    /// How many the handler or its dead-letter handler asks for, whichever asks for more.
    pub(crate) inboxes: usize,
    /// How many records the handler takes in one call at most, where it takes several.
    pub(crate) most: Option<usize>,
    handler: Make<S>,
    dead: Option<Make<S>>,
}

impl<S> Route<S> {
    pub(crate) fn new(event_type: &'static str, handler: Make<S>) -> Self {
        Self {
            event_type,
            name: event_type.into(),
            policy: RoutePolicy::default(),
            store: None,
            inboxes: 0,
            most: None,
            handler,
            dead: None,
        }
    }

    pub(crate) fn needs(&mut self, needs: &crate::extract::Needs) {
        self.inboxes = self.inboxes.max(needs.inboxes());
        if needs.inboxes() > 0 {
            self.policy.effects = Effects::Transactional;
        }
    }

    pub(crate) fn on_dead_letter(&mut self, dead: Make<S>) {
        self.policy.dead_handler = true;
        self.dead = Some(dead);
    }

    /// Wraps the handler, and the dead-letter handler.
    pub(crate) fn wrap(
        self,
        wrap: impl Fn(HandlerService) -> HandlerService + Clone + Send + 'static,
    ) -> Self
    where
        S: 'static,
    {
        let around = |make: Make<S>| -> Make<S> {
            let wrap = wrap.clone();
            Box::new(move |state| wrap(make(state)))
        };
        Self { handler: around(self.handler), dead: self.dead.map(around), ..self }
    }

    /// Makes the services. What is left needs no state.
    pub(crate) fn with_state(self, state: &S) -> Route<()>
    where
        S: Clone,
    {
        let made = |make: Make<S>| -> Make<()> {
            let service = make(state.clone());
            Box::new(move |()| service)
        };
        Route {
            event_type: self.event_type,
            name: self.name,
            policy: self.policy,
            store: self.store,
            inboxes: self.inboxes,
            most: self.most,
            handler: made(self.handler),
            dead: self.dead.map(made),
        }
    }
}

impl Route<()> {
    /// The services of the handler and of the dead-letter handler.
    pub(crate) fn into_services(self) -> (HandlerService, Option<HandlerService>) {
        ((self.handler)(()), self.dead.map(|dead| dead(())))
    }
}

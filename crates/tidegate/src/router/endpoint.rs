//! Routes as the runtime sees them: no types, no state, no layers left to apply.

use std::sync::Arc;

use crate::broker::BoxFuture;
use crate::delivery::Delivery;
use crate::inbox::InboxStore;
use crate::message::{NewRecord, Record, TopicName};
use crate::outcome::Outcome;
use crate::policy::{PolicyId, RoutePolicy};

/// A frozen set of routes. Made by `Router`, driven by the runtime; every record of its topics gets a policy.
pub(crate) trait Endpoint: Send + Sync + 'static {
    /// What is read.
    fn topics(&self) -> Vec<TopicName>;

    /// One policy per route, plus those of records that no handler takes; indexed by [`PolicyId`].
    fn policies(&self) -> Vec<RoutePolicy>;

    /// The handler of each policy by name; `skipped` and `unhandled` for records that no handler takes.
    fn handlers(&self) -> Vec<Arc<str>>;

    /// Chooses the route. Also finds the record's identity. Never fails: what cannot be decoded gets a route that dead-letters it.
    fn route(&self, record: &Record) -> Routed;

    /// The policy that [`route`](Self::route) gives the record; cheaper where nothing else is asked.
    fn policy(&self, record: &Record) -> PolicyId;

    /// The store of the routes that have one.
    fn store(&self, policy: PolicyId) -> Option<Arc<dyn InboxStore>>;

    /// User layers, extractors, handler. Panics come through; the caller catches them, and limits the time.
    fn call(&self, policy: PolicyId, delivery: Delivery) -> BoxFuture<'static, Outcome>;

    /// The route's dead-letter handler (`delivery.dead` is set). Only for policies whose `dead_handler` is true.
    fn call_dead(&self, policy: PolicyId, delivery: Delivery) -> BoxFuture<'static, Outcome>;

    /// Turns what an outcome emits into records with derived ids (rule 42).
    fn encode(
        &self,
        emits: crate::emit::Emits,
        delivery: &Delivery,
    ) -> Result<Vec<NewRecord>, String>;
}

/// What routing found out about a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Routed {
    pub(crate) policy: PolicyId,
    /// The handler's name: its event type unless it was named; for unknown types the type itself.
    pub(crate) handler: Arc<str>,
    pub(crate) event_type: Arc<str>,
    pub(crate) event_id: crate::event::EventId,
    pub(crate) correlation_id: Arc<str>,
}

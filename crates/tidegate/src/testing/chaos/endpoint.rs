//! The routes, watched: the world sees each attempt begin and end, and may step in.

use std::sync::Arc;

use super::moment::Moment;
use super::world::{Life, lock};
use crate::broker::BoxFuture;
use crate::class::{Cause, Class};
use crate::consumer::core::End;
use crate::consumer::runtime::{Observer, Subject};
use crate::delivery::Delivery;
use crate::emit::Emits;
use crate::events::RuntimeEvent;
use crate::inbox::InboxStore;
use crate::message::{NewRecord, Record, TopicName};
use crate::outcome::Outcome;
use crate::policy::{PolicyId, RoutePolicy};
use crate::router::endpoint::{Endpoint, Routed};

/// Somebody's routes, in one life of a process.
pub(super) struct Watched {
    pub(super) routes: Arc<dyn Endpoint>,
    pub(super) life: Life,
    /// Takes the place of the routes' own stores.
    pub(super) store: Arc<dyn InboxStore>,
}

impl Endpoint for Watched {
    fn topics(&self) -> Vec<TopicName> {
        self.routes.topics()
    }

    fn policies(&self) -> Vec<RoutePolicy> {
        self.routes.policies()
    }

    fn route(&self, record: &Record) -> Routed {
        let routed = self.routes.route(record);
        let (order, stored) = {
            let policy = &self.routes.policies()[routed.policy.0];
            (policy.order, self.routes.store(routed.policy).is_some())
        };
        let mut truth = lock(&self.life.world().truth);
        if let Some(fact) = truth.fact(&record.topic_partition(), record.offset) {
            (fact.order, fact.stored) = (order, stored);
        }
        routed
    }

    fn store(&self, policy: PolicyId) -> Option<Arc<dyn InboxStore>> {
        self.routes.store(policy).map(|_| self.store.clone())
    }

    fn call(&self, policy: PolicyId, delivery: Delivery) -> BoxFuture<'static, Outcome> {
        let (life, routes) = (self.life.clone(), self.routes.clone());
        let stored = routes.store(policy).is_some();
        Box::pin(async move {
            let (at, offset) = (delivery.record.topic_partition(), delivery.record.offset);
            life.alive().await;
            life.begins(&at, offset);
            life.step(Moment::Claimed).await;
            let outcome = routes.call(policy, delivery).await;
            life.alive().await;
            let mut moment = None;
            match &outcome {
                Outcome::Done(emits) => {
                    let count = u32::try_from(emits.len()).unwrap_or(u32::MAX);
                    lock(&life.world().truth).learn(&at, offset, |fact| fact.emits = count);
                    if !stored {
                        life.does(&at, offset);
                    }
                    moment = Some(Moment::Effect);
                }
                Outcome::Skip(_) => {
                    lock(&life.world().truth).learn(&at, offset, |fact| fact.skipped = true);
                }
                Outcome::Failed(failure) => {
                    let again =
                        matches!(failure.class, Class::Transient | Class::TransientAfter(_));
                    moment = again.then_some(Moment::Waiting);
                }
            }
            if let Some(moment) = moment {
                life.step(moment).await;
            }
            outcome
        })
    }

    fn call_dead(&self, policy: PolicyId, delivery: Delivery) -> BoxFuture<'static, Outcome> {
        self.routes.call_dead(policy, delivery)
    }

    fn encode(&self, emits: Emits, delivery: &Delivery) -> Result<Vec<NewRecord>, String> {
        self.routes.encode(emits, delivery)
    }
}

/// Counts what a process holds, and hears what it says of itself.
pub(super) struct Listener(pub(super) Life);

impl Observer for Listener {
    fn delivered(&self, _: &Record) {
        let mut truth = lock(&self.0.world().truth);
        let held = truth.holding.entry(self.0.process()).or_default();
        *held += 1;
        let held = *held;
        let most = truth.held.entry(self.0.process()).or_default();
        *most = held.max(*most);
    }

    fn event(&self, event: &RuntimeEvent, _: Option<Subject<'_>>) {
        let world = self.0.world();
        world.note(|| format!("{:?}: {event:?}", self.0.process()));
        let mut truth = lock(&world.truth);
        match event {
            RuntimeEvent::Settled { partition, offset, end } => {
                *truth.holding.entry(self.0.process()).or_default() -= 1;
                if *end == End::Skipped {
                    truth.learn(partition, *offset, |fact| fact.skipped = true);
                }
            }
            RuntimeEvent::Ended { partition, lost } => {
                // What is held of it is forgotten; the others are still there, which only makes the count too low.
                truth.holding.insert(self.0.process(), 0);
                drop(truth);
                self.0.gave_back(partition, *lost);
            }
            // Rule 18: what was cut off may have happened.
            RuntimeEvent::Retrying { partition, offset, failure, .. }
                if failure.cause != Cause::Error =>
            {
                truth.learn(partition, *offset, |fact| fact.excused = true);
            }
            RuntimeEvent::Fenced { partition } => {
                truth.holding.insert(self.0.process(), 0); // it is delivered anew
                truth.excuse(self.0.process(), Some(partition));
            }
            RuntimeEvent::Redelivered { partition, offset } => {
                truth.violated("I5", format!("{partition} offset {offset} was delivered twice"));
            }
            _ => {}
        }
    }
}

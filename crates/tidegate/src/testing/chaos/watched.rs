//! The routes, watched: the world sees each attempt begin and end, and may step in.

use std::sync::Arc;

use super::judged::Begun;
use super::moment::Moment;
use super::outside;
use super::world::{Life, lock};
use crate::broker::BoxFuture;
use crate::class::{Cause, Class};
use crate::consumer::core::End;
use crate::consumer::runtime::{Observer, Subject};
use crate::delivery::Delivery;
use crate::emit::Emits;
use crate::events::RuntimeEvent;
use crate::inbox::InboxStore;
use crate::message::{NewRecord, Offset, Record, TopicName, TopicPartition};
use crate::outcome::Outcome;
use crate::policy::{AfterDeadLetter, PolicyId, RoutePolicy};
use crate::router::endpoint::{Endpoint, Routed};

/// Somebody's routes, in one life of a process.
pub(super) struct Watched {
    pub(super) routes: Arc<dyn Endpoint>,
    pub(super) policies: Vec<RoutePolicy>,
    pub(super) life: Life,
    /// Takes the place of the routes' own stores.
    pub(super) store: Arc<dyn InboxStore>,
}

impl Endpoint for Watched {
    fn topics(&self) -> Vec<TopicName> {
        self.routes.topics()
    }

    fn policies(&self) -> Vec<RoutePolicy> {
        self.policies.clone()
    }

    fn handlers(&self) -> Vec<Arc<str>> {
        self.routes.handlers()
    }

    fn route(&self, record: &Record) -> Routed {
        let routed = self.routes.route(record);
        let RoutePolicy { order, after_dead_letter, .. } = self.policies[routed.policy.0];
        let holds = after_dead_letter == AfterDeadLetter::HoldKey;
        let stored = self.routes.store(routed.policy).is_some();
        let mut truth = lock(&self.life.world().truth);
        truth.learn(&record.topic_partition(), record.offset, |fact| {
            (fact.order, fact.stored, fact.holds) = (order, stored, holds);
        });
        routed
    }

    fn policy(&self, record: &Record) -> PolicyId {
        self.route(record).policy // which the world hears of
    }

    fn store(&self, policy: PolicyId) -> Option<Arc<dyn InboxStore>> {
        self.routes.store(policy).map(|_| self.store.clone())
    }

    fn call(&self, policy: PolicyId, mut delivery: Delivery) -> BoxFuture<'static, Outcome> {
        let (life, routes) = (self.life.clone(), self.routes.clone());
        let stored = routes.store(policy).is_some();
        let most = self.policies[policy.0].retry.attempts;
        Box::pin(async move {
            let (at, offset) = (delivery.record.topic_partition(), delivery.record.offset);
            let (handler, attempt) = (delivery.handler.clone(), delivery.attempt);
            life.alive().await;
            let underway =
                life.begins(&Begun { at: &at, offset, attempt, most, handler: &handler });
            life.step(Moment::Claimed).await;
            underway.alone();
            delivery.ours = underway.shared(delivery.ours);
            let call = outside::watched(&life, &handler, routes.call(policy, delivery));
            let outcome = underway.step_by_step(call).await;
            underway.answered();
            life.alive().await;
            underway.goes_on();
            if let Some(moment) = learn(&life, &at, offset, stored, &outcome) {
                life.step(moment).await;
            }
            underway.ended();
            outcome
        })
    }

    fn call_dead(&self, policy: PolicyId, delivery: Delivery) -> BoxFuture<'static, Outcome> {
        let life = self.life.clone();
        let (at, offset) = (delivery.record.topic_partition(), delivery.record.offset);
        let call = self.routes.call_dead(policy, delivery);
        let limit = self.policies[policy.0].dead_time_limit();
        Box::pin(async move { life.while_owned(&at, offset, limit, call).await })
    }

    fn encode(&self, emits: Emits, delivery: &Delivery) -> Result<Vec<NewRecord>, String> {
        self.routes.encode(emits, delivery)
    }
}

/// What an outcome means; and the moment that it is.
fn learn(
    life: &Life,
    at: &TopicPartition,
    offset: Offset,
    stored: bool,
    outcome: &Outcome,
) -> Option<Moment> {
    match outcome {
        Outcome::Done(emits) => {
            let count = u32::try_from(emits.len()).unwrap_or(u32::MAX);
            lock(&life.world().truth).learn(at, offset, |fact| fact.emits = count);
            if !stored {
                life.does(at, offset);
            }
            Some(Moment::Effect)
        }
        Outcome::Skip(_) => {
            lock(&life.world().truth).learn(at, offset, |fact| fact.skipped = true);
            None
        }
        Outcome::Failed(failure) => {
            let again = matches!(failure.class, Class::Transient | Class::TransientAfter(_));
            again.then_some(Moment::Waiting)
        }
    }
}

/// Hears what the runtime says of itself.
pub(super) struct Listener(pub(super) Life);

impl Observer for Listener {
    fn delivered(&self, record: &Record) {
        self.0.takes(record);
    }

    fn event(&self, event: &RuntimeEvent, _: Option<Subject<'_>>) {
        let (life, world) = (&self.0, self.0.world());
        world.note(|| format!("{:?}: {event:?}", life.process()));
        match event {
            RuntimeEvent::Settled { partition, offset, end } => {
                life.puts_down(partition, *offset);
                if *end == End::Skipped {
                    lock(&world.truth).learn(partition, *offset, |fact| fact.skipped = true);
                }
            }
            RuntimeEvent::Started { partition, .. } => life.starts(partition),
            RuntimeEvent::Ended { partition, lost } => life.gave_back(partition, *lost),
            RuntimeEvent::Retrying { partition, offset, failure, .. } => {
                life.is_over(partition, *offset);
                // Rule 18: what was cut off may have happened.
                if failure.cause != Cause::Error {
                    lock(&world.truth).learn(partition, *offset, |fact| fact.excused = true);
                    outside::refuse_cut_off(life, partition, *offset, failure);
                }
            }
            RuntimeEvent::Scheduled { partition, offset } => life.shelves(partition, *offset),
            RuntimeEvent::Recalled { partition, offset } => life.recalls(partition, *offset),
            RuntimeEvent::OutOfRange { partition, position, watermarks } => {
                life.cannot_go_on(partition, *position, *watermarks);
            }
            RuntimeEvent::Fenced { partition } => life.fenced(partition),
            RuntimeEvent::Redelivered { partition, offset } if world.checks("I5") => {
                let what = format!("{partition} offset {offset} was delivered twice");
                lock(&world.truth).violated("I5", what);
            }
            _ => {}
        }
    }
}

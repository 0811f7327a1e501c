//! Runs somebody's routes: looked over first, then world after world.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use super::Worlds;
use super::aftermath::{Aftermath, checked};
use super::watchdog::{Dog, Pulse};
use crate::codec::{Encode, Json};
use crate::error::Error;
use crate::event::{Event, EventId};
use crate::message::{NewRecord, TopicName};
use crate::policy::{AfterDeadLetter, RoutePolicy};
use crate::publisher::NewEvent;
use crate::router::Router;
use crate::service::Routes;
use crate::testing::chaos::furniture::Furniture;
use crate::testing::chaos::own::Outcome;
use crate::testing::chaos::plan::Plan;
use crate::testing::chaos::rng::Rng;
use crate::testing::chaos::run::EPOCH;
use crate::testing::chaos::store::Database;
use crate::testing::chaos::truth::Truth;
use crate::testing::chaos::world::{SESSION, World};
use crate::testing::chaos::{many, quiet, run};

/// The seed that is to be told step by step.
const SEED: &str = "TIDEGATE_SEED";

/// I7, beside what the routes themselves may wait for: 30 s, and the longest back-offs of the runtime.
const PATIENCE: Duration = Duration::from_secs(30 + 60);

impl<T, M> Worlds<'_, T, M>
where
    T: Event,
    Json: Encode<T>,
{
    /// Runs them.
    ///
    /// # Panics
    /// As [`chaos`](fn@super::chaos) does, and when a world does not pass the [check](Self::check).
    #[allow(clippy::panic, reason = "a test ends so")]
    pub fn run(self) {
        quiet::install();
        let router = (self.routes)(&(self.model)()).inbox(Database::nobodys());
        let found = examined(router, T::TYPE);
        let named = test();
        let dog = Dog::new(self.limit, move |seed| command(&named, seed));
        let stranger = Stranger { worlds: &self, found, dog: &dog };
        if let Some(seed) = seed_to_tell() {
            return stranger.tell(seed);
        }
        let live = |seed| stranger.live(&Plan::for_strangers(seed), false);
        let (_, failed) = many::run_all(self.seeds.clone(), live);
        if let Some((seed, violation)) = failed {
            let world = |plan: &Plan, told: bool| stranger.live(plan, told);
            let plan = Plan::for_strangers(seed);
            let story = many::story(plan, &violation, &world, &command(&test(), seed));
            drop(dog);
            panic!("{story}");
        }
    }
}

#[allow(clippy::panic, reason = "a test ends so")]
fn seed_to_tell() -> Option<u64> {
    let text = std::env::var(SEED).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{SEED} must be a number, and is `{text}`")))
}

/// A test's thread has the name of the test.
fn test() -> String {
    let thread = std::thread::current();
    thread.name().filter(|name| *name != "main").unwrap_or_default().to_owned()
}

/// How to see a world again.
fn command(test: &str, seed: u64) -> String {
    format!("{SEED}={seed} cargo test {test} -- --nocapture")
}

/// What was found out of the routes.
struct Found {
    /// What they read.
    sources: Vec<TopicName>,
    /// Which of it takes the events.
    takes: Vec<TopicName>,
    /// How long they may wait.
    patience: Duration,
    /// Whether they hold keys: then there is a schedule in every world.
    holds: bool,
}

/// Looks the routes over.
#[allow(clippy::panic, reason = "a test ends so")]
fn examined(router: Router, event_type: &str) -> Found {
    let takes = router.topics_of(event_type);
    let routes = Routes::of(router);
    let policies = match routes.endpoint() {
        Ok(endpoint) => endpoint.policies(),
        Err(findings) => panic!("{}", Error::Refused(findings.to_vec())),
    };
    assert!(!takes.is_empty(), "the routes handle no `{event_type}`: draw an event that they do");
    let longest = |policy: &RoutePolicy| policy.timeout.saturating_add(policy.retry.max);
    let longest = policies.iter().map(longest).max().unwrap_or_default();
    let holds = policies.iter().any(|policy| policy.after_dead_letter == AfterDeadLetter::HoldKey);
    Found { sources: routes.topics, takes, patience: PATIENCE + SESSION + longest, holds }
}

/// Somebody's routes and events.
struct Stranger<'a, T, M> {
    worlds: &'a Worlds<'a, T, M>,
    found: Found,
    dog: &'a Dog,
}

impl<T, M> Stranger<'_, T, M>
where
    T: Event,
    Json: Encode<T>,
{
    fn live(&self, plan: &Plan, told: bool) -> Outcome {
        // What others' records weigh, nobody knows.
        let schedule = plan.schedule || self.found.holds;
        let plan = Plan { budget_bytes: 64 << 20, schedule, ..plan.clone() };
        let (model, drawn) = ((self.worlds.model)(), RefCell::new(Vec::new()));
        let pulse = Arc::<Pulse>::default();
        let _watched = self.dog.watch(plan.seed, pulse.clone());
        let record = |rng: &mut Rng| {
            let (id, event, record) = self.draw(rng);
            drawn.borrow_mut().push((id, event));
            record
        };
        let check = |truth: &Truth, database: &Database| {
            let (seed, drawn) = (plan.seed, drawn.take());
            let world = Aftermath::new(seed, &model, drawn, truth, database.rows());
            checked(|| (self.worlds.check)(&world))
        };
        let furniture = Furniture {
            routes: &|_: &World, store| (self.worlds.routes)(&model).inbox(store),
            record: &record,
            sources: self.found.sources.clone(),
            owed: &[],
            more_topics: &[],
            without: &[],
            patience: self.found.patience,
            strangers: true,
            told,
            check: &check,
            pulse,
        };
        run::run(&plan, &furniture)
    }

    /// An event, and its record for one of the topics that take it.
    fn draw(&self, rng: &mut Rng) -> (EventId, T, NewRecord) {
        let takes = &self.found.takes;
        let topic = takes[usize::try_from(rng.below(takes.len() as u64)).expect("small")].clone();
        let id = EventId::new(rng.id());
        let event = NewEvent::to(topic, (self.worlds.event)(rng)).id(id.clone()).at(EPOCH);
        let (prepared, event) = event.prepare_and_keep().expect("an event that can be written");
        (id, event, prepared.record().clone())
    }

    #[allow(clippy::print_stdout, reason = "the story is what was asked for")]
    fn tell(&self, seed: u64) {
        let outcome = self.live(&Plan::for_strangers(seed), true);
        outcome.trace.iter().for_each(|line| println!("{line}"));
        assert_eq!(outcome.violation, None, "seed {seed}");
    }
}

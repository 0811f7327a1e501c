//! Somebody's own routes in the same worlds.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::furniture::Furniture;
use super::own::Outcome;
use super::plan::Plan;
use super::rng::Rng;
use super::run::EPOCH;
use super::store::Database;
use super::world::{SESSION, World};
use super::{many, run};
use crate::codec::{Encode, Json};
use crate::error::Error;
use crate::event::{Event, EventId};
use crate::inbox::InboxStore;
use crate::message::{NewRecord, TopicName};
use crate::policy::RoutePolicy;
use crate::publisher::NewEvent;
use crate::router::{IntoRouter, Router};
use crate::service::Routes;

/// The seed that is to be told step by step.
const SEED: &str = "TIDEGATE_SEED";

/// I7, beside what the routes themselves may wait for: 30 s, and the longest back-offs of the runtime.
const PATIENCE: Duration = Duration::from_secs(30 + 60);

/// Runs your routes through one world for each seed: a group of three or more processes over a simulated log, with crashes,
/// stops, rebalances, lost answers and clocks that jump; and judges all the time what the runtime promises of them.
///
/// `event` draws an event; it is published to the topic on which the routes handle its type. `routes` are made anew for each
/// process: what they share (a double of a gateway) lives as long as you keep it.
///
/// A handler with an [`Inbox`](crate::inbox::Inbox) gets a modelled store with the contract of the real ones, which crashes and
/// loses answers too. Write such a handler for any database, and give it [`Model`](super::Model) here:
///
/// ```
/// use tidegate::prelude::*;
/// use tidegate::inbox::InboxDatabase;
/// use tidegate::testing::chaos::{Model, Rows};
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Order { id: String }
/// impl Event for Order {
///     const TYPE: &'static str = "order.created";
///     fn key(&self) -> Key<'_> { Key::from(&self.id) }
/// }
///
/// /// What the service does in its database; in production also for `Sqlite`.
/// trait Orders: InboxDatabase { fn accept(tx: &mut Self::Tx, id: &str); }
/// impl Orders for Model {
///     fn accept(tx: &mut Rows, id: &str) { tx.put(id, "accepted"); }
/// }
///
/// async fn accept<D: Orders>(Payload(order): Payload<Order>, mut tx: Inbox<D>) {
///     D::accept(&mut tx, &order.id);
/// }
///
/// fn routes<D: Orders>() -> Router {
///     Topic::json("orders").on(accept::<D>).into_router()
/// }
///
/// tidegate::testing::chaos(0..20, routes::<Model>, |rng| Order { id: rng.id() });
/// ```
///
/// # What a handler may do here
/// Anything that ends by itself in the world's own time: tokio's timers, channels and locks within the process, its `Inbox`. Other
/// I/O is refused by name, because a world can neither kill nor repeat it: a handler that another thread wakes, that opens a
/// socket through tokio, or that does not end within its timeout though nobody held it up; and routes that emit without end to what
/// they read themselves. Not noticed: what keeps the thread (a loop without an `.await`, `std::net`, `std::fs`), and the machine's
/// clock, which does not go with the world's. A [`blocking`](crate::handler::blocking) handler is woken by its thread, and refused.
/// Tasks of its own outlive a simulated crash: do without.
///
/// Topics keep their partitions and records: the order of a key does not span an increase, and what is deleted before it is
/// read ends the service, whatever your routes do.
///
/// # What it finds
/// What the runtime promises of your routes: nothing lost, order, effects of an [`Inbox`](crate::inbox::Inbox) once, an end in time. Not
/// whether your handlers do the right thing: a handler that refuses everything is dead-lettered, and that is as it should be.
///
/// # Panics
/// When the routes do not pass the start-up checks, and when a world fails: with its seed, what did not hold and where, the
/// smallest world in which that is so, its last steps, and the command that tells them step by step.
#[allow(clippy::panic, reason = "a test ends so")]
pub fn chaos<T, R>(
    seeds: Range<u64>,
    routes: impl Fn() -> R + Sync,
    event: impl Fn(&mut Rng) -> T + Sync,
) where
    T: Event,
    Json: Encode<T>,
    R: IntoRouter,
{
    let with_store = |store: Arc<dyn InboxStore>| routes().into_router().inbox(store);
    let (sources, takes, patience) = examined(with_store(Database::nobodys()), T::TYPE);
    let record = |rng: &mut Rng| {
        let topic = takes[usize::try_from(rng.below(takes.len() as u64)).expect("small")].clone();
        let id = EventId::new(rng.id());
        let event = NewEvent::to(topic, event(rng)).id(id).at(EPOCH).prepare();
        event.expect("an event that can be written").record().clone()
    };
    let stranger = Stranger { routes: &with_store, record: &record, sources, patience };
    if let Some(seed) = seed_to_tell() {
        return stranger.tell(seed);
    }
    let (_, failed) = many::run_all(seeds, |seed| stranger.live(&Plan::for_strangers(seed), false));
    if let Some((seed, violation)) = failed {
        let world = |plan: &Plan, told: bool| stranger.live(plan, told);
        panic!("{}", many::story(Plan::for_strangers(seed), &violation, &world, &command(seed)));
    }
}

#[allow(clippy::panic, reason = "a test ends so")]
fn seed_to_tell() -> Option<u64> {
    let text = std::env::var(SEED).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{SEED} must be a number, and is `{text}`")))
}

/// How to see a world again. A test's thread has the name of the test.
fn command(seed: u64) -> String {
    let thread = std::thread::current();
    let test = thread.name().filter(|name| *name != "main").unwrap_or("");
    format!("{SEED}={seed} cargo test {test} -- --nocapture")
}

/// What the routes read, which of it takes the events, and how long they may wait.
#[allow(clippy::panic, reason = "a test ends so")]
fn examined(router: Router, event_type: &str) -> (Vec<TopicName>, Vec<TopicName>, Duration) {
    let takes = router.topics_of(event_type);
    let routes = Routes::of(router);
    let policies = match routes.endpoint() {
        Ok(endpoint) => endpoint.policies(),
        Err(findings) => panic!("{}", Error::Refused(findings.to_vec())),
    };
    assert!(!takes.is_empty(), "the routes handle no `{event_type}`: draw an event that they do");
    let longest = |policy: &RoutePolicy| policy.timeout.saturating_add(policy.retry.max);
    let longest = policies.iter().map(longest).max().unwrap_or_default();
    (routes.topics, takes, PATIENCE + SESSION + longest)
}

/// Somebody's routes and events.
struct Stranger<'a> {
    routes: &'a (dyn Fn(Arc<dyn InboxStore>) -> Router + Sync),
    record: &'a (dyn Fn(&mut Rng) -> NewRecord + Sync),
    sources: Vec<TopicName>,
    patience: Duration,
}

impl Stranger<'_> {
    fn live(&self, plan: &Plan, told: bool) -> Outcome {
        // What others' records weigh, nobody knows.
        let plan = Plan { budget_bytes: 64 << 20, ..plan.clone() };
        let furniture = Furniture {
            routes: &|_: &World, store| (self.routes)(store),
            record: self.record,
            sources: self.sources.clone(),
            owed: &[],
            more_topics: &[],
            without: &[],
            patience: self.patience,
            strangers: true,
            told,
        };
        run::run(&plan, &furniture)
    }

    #[allow(clippy::print_stdout, reason = "the story is what was asked for")]
    fn tell(&self, seed: u64) {
        let outcome = self.live(&Plan::for_strangers(seed), true);
        outcome.trace.iter().for_each(|line| println!("{line}"));
        assert_eq!(outcome.violation, None, "seed {seed}");
    }
}

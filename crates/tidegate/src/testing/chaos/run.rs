//! Runs one world from its plan to its end.
//!
//! ```text
//!   publish ─▶ faults hit while members come, go, die and are stopped ─▶ all is healed ─▶ lag 0 in time? ─▶ stopped ─▶ judged
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::checks;
use super::endpoint::{Listener, Watched};
use super::moment::{Kind, Moment};
use super::plan::Plan;
use super::rng::Rng;
use super::store::Database;
use super::truth::{Fact, Violation};
use super::world::{Life, Order, World, lock};
use crate::broker::{Broker, NewTopic};
use crate::clock::Clock;
use crate::clock::simulated::SimClock;
use crate::error::Error;
use crate::headers::names;
use crate::inbox::InboxStore;
use crate::message::{NewRecord, Timestamp, TopicName};
use crate::router::Router;
use crate::router::endpoint::Endpoint;
use crate::service::{self, CreateTopics, Routes, Settings, StartFrom};
use crate::testing::sim::{Process, SimLog};

/// Where simulated time begins: 2025-01-01T00:00:00Z. The machine's date changes nothing.
const EPOCH: Timestamp = Timestamp(1_735_689_600_000);
/// The group.
const GROUP: &str = "world";
/// Kafka's default is 45 s; a shorter one makes more of the same.
const SESSION: Duration = Duration::from_secs(10);
/// I7: everything is finished and committed so long after all is healed: 30 s, the longest back-off, and the session.
const LIVELY: Duration = Duration::from_secs(75);
/// Records held at most, and so many more in one delivery.
const BUDGET: usize = 60;

/// So much larger are the records of dead-letter topics (rule 5).
const ROOM: usize = 65_536;

/// The process that publishes.
const PUBLISHER: Process = Process(0);

/// How a world is furnished: whose routes, and which records.
pub(super) struct Furniture<'a> {
    /// The routes, over a store.
    pub(super) routes: &'a dyn Fn(&World, Arc<dyn InboxStore>) -> Router,
    /// A record for a source topic.
    pub(super) record: &'a dyn Fn(&mut Rng) -> NewRecord,
    /// Topics whose records are rows of an outbox first.
    pub(super) owed: &'a [&'a str],
    /// Topics that must be there besides.
    pub(super) more_topics: &'a [&'a str],
    /// Checks that are left out.
    pub(super) without: Vec<&'static str>,
}

/// What became of a world.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) hits: Vec<(Kind, Moment)>,
    pub(super) violation: Option<Violation>,
    pub(super) trace: Vec<String>,
}

/// Runs it, on this thread.
pub(super) fn run(plan: &Plan, furniture: &Furniture<'_>) -> Ended {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime of one thread needs no more than memory");
    // Begun within the runtime: outside of it, the time is that of the machine.
    runtime.block_on(async { Running::begin(plan.clone(), furniture).live().await })
}

struct Running<'a> {
    world: Arc<World>,
    orders: mpsc::UnboundedReceiver<Order>,
    furniture: &'a Furniture<'a>,
    database: Database,
    members: JoinSet<(Life, Result<(), Error>)>,
    lives: BTreeMap<Process, Life>,
    thaws: Vec<(Instant, Process)>,
    leaves: Vec<(Instant, Process)>,
    births: Vec<Instant>,
    next: u32,
    rng: Rng,
}

impl<'a> Running<'a> {
    fn begin(plan: Plan, furniture: &'a Furniture<'a>) -> Self {
        let log = SimLog::at(EPOCH);
        log.set_eager(GROUP, plan.eager);
        let rng = Rng::new(plan.seed ^ 0x77);
        let owed = names_of(furniture.owed);
        let database = Database::default();
        let (sources, dead) = topics_of(furniture);
        let (world, orders) = World::new(plan, log, sources, dead, owed, furniture.without.clone());
        world.log.set_faults(world.clone());
        Self {
            world,
            orders,
            furniture,
            database,
            members: JoinSet::new(),
            lives: BTreeMap::new(),
            thaws: Vec::new(),
            leaves: Vec::new(),
            births: Vec::new(),
            next: PUBLISHER.0 + 1,
            rng,
        }
    }

    async fn live(mut self) -> Ended {
        self.create_topics().await;
        for _ in 0..self.world.plan.members {
            let delay = self.rng.millis(0, 400);
            self.births.push(Instant::now() + delay);
        }
        self.publish_and_wait().await;
        lock(&self.world.planner).heal();
        self.world.note(|| "healed".to_owned());
        self.finish().await;
        self.judge()
    }

    async fn create_topics(&self) {
        let partitions = self.world.plan.partitions;
        let sources = self.world.sources.iter().chain(&self.world.owed).cloned();
        let more = names_of(self.furniture.more_topics);
        let all: BTreeSet<_> =
            sources.chain(self.world.dead_letters.iter().cloned()).chain(more).collect();
        let topic = |name: TopicName| {
            let dead = self.world.dead_letters.contains(&name);
            let limit = NewTopic::DEFAULT_MAX_MESSAGE_BYTES + if dead { ROOM } else { 0 };
            NewTopic { max_message_bytes: Some(limit), ..NewTopic::new(name, partitions) }
        };
        let topics = all.into_iter().map(topic).collect();
        for created in self.broker(PUBLISHER).create_topics(topics).await {
            created.expect("a topic in a new log");
        }
    }

    fn broker(&self, process: Process) -> Broker {
        self.world.log.broker(process)
    }

    /// Publishes in portions, while the world goes on.
    async fn publish_and_wait(&mut self) {
        let mut left = self.world.plan.records;
        while left > 0 {
            let portion = left.min(1 + u32::try_from(self.rng.below(60)).expect("small"));
            self.publish(portion).await;
            left -= portion;
            let pause = self.rng.millis(0, 1_500);
            self.go_on(Instant::now() + pause, |_| false).await;
        }
        // As long as faults are to come, and something happens that they can hit.
        let patience = Instant::now() + Duration::from_secs(60);
        self.go_on(patience, World::is_spent).await;
    }

    async fn publish(&mut self, count: u32) {
        for _ in 0..count {
            if self.world.plan.gaps && self.rng.percent(8) {
                self.leave_gap();
            }
            let mut record = (self.furniture.record)(&mut self.rng);
            let id = self.rng.id();
            record.headers.push(names::EVENT_ID, id.clone());
            let (topic, key) = (record.topic.clone(), record.key.clone());
            let placed = self.broker(PUBLISHER).publish(vec![record]).await.pop();
            let placed =
                placed.expect("an answer").expect("I1: nothing goes wrong for the publisher");
            let at = crate::message::TopicPartition::new(topic, placed.partition);
            let mut truth = lock(&self.world.truth);
            truth.ids.insert(id, (at.clone(), placed.offset));
            let book = truth.books.entry(at).or_default();
            let fact = Fact { key: key.map(|key: Bytes| key.to_vec()), ..Fact::default() };
            book.facts.insert(placed.offset, fact);
            book.open.insert(placed.offset);
        }
    }

    fn leave_gap(&mut self) {
        let topics: Vec<_> = self.world.sources.iter().cloned().collect();
        let topic =
            topics[usize::try_from(self.rng.below(topics.len() as u64)).expect("small")].clone();
        let partition =
            u32::try_from(self.rng.below(u64::from(self.world.plan.partitions))).expect("small");
        let at = crate::message::TopicPartition::new(topic, crate::message::Partition(partition));
        self.world.log.skip_offsets(&at, 1 + self.rng.below(5));
    }

    /// Lets the world go on until then, or until it is enough; an invariant that is broken ends it.
    async fn go_on(&mut self, until: Instant, enough: impl Fn(&World) -> bool) {
        while Instant::now() < until && !enough(&self.world) && !self.world.violated() {
            self.tend();
            let due = self.due().map_or(until, |due| due.min(until));
            let due = due.min(Instant::now() + Duration::from_millis(250));
            tokio::select! {
                biased;
                Some(order) = self.orders.recv() => self.take(order),
                Some(ended) = self.members.join_next() => self.ended(ended),
                () = tokio::time::sleep_until(due) => {}
            }
        }
    }

    fn due(&self) -> Option<Instant> {
        let thaws = self.thaws.iter().map(|(at, _)| *at);
        let leaves = self.leaves.iter().map(|(at, _)| *at);
        thaws.chain(leaves).chain(self.births.iter().copied()).min()
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Thaw(process, after) => self.thaws.push((Instant::now() + after, process)),
            Order::Guest(stays) => {
                let process = self.bear();
                self.leaves.push((Instant::now() + stays, process));
            }
        }
    }

    fn tend(&mut self) {
        let now = Instant::now();
        for (_, process) in self.thaws.extract_if(.., |(at, _)| *at <= now).collect::<Vec<_>>() {
            self.world.note(|| format!("{process:?}: goes on"));
            self.lives.get(&process).inspect(|life| life.thaw());
        }
        for (_, process) in self.leaves.extract_if(.., |(at, _)| *at <= now).collect::<Vec<_>>() {
            self.lives.get(&process).inspect(|life| life.stop().cancel());
        }
        for _ in self.births.extract_if(.., |at| *at <= now).collect::<Vec<_>>() {
            self.bear();
        }
    }

    /// A process begins.
    fn bear(&mut self) -> Process {
        let process = Process(self.next);
        self.next += 1;
        let clock = SimClock::new(EPOCH, self.world.plan.seed.wrapping_add(u64::from(process.0)));
        let life = self.world.life(process, clock.clone());
        self.world.note(|| format!("{process:?}: begins"));
        let settings = self.settings(&life);
        let routes = self.routes(&life);
        let stop = life.stop().clone();
        let stop = Box::pin(async move { stop.cancelled().await });
        let run = service::run(settings, routes, StartFrom::Earliest, stop);
        let (gate, body) = (clock.gate(), life.clone());
        self.lives.insert(process, life);
        self.members.spawn(async move {
            let result = tokio::select! {
                biased;
                () = body.died() => Ok(()),
                ended = gate.pass(Box::pin(run)) => ended,
            };
            (body, result)
        });
        process
    }

    fn settings(&self, life: &Life) -> Settings {
        let mut settings = Settings::new(GROUP.to_owned(), self.broker(life.process()));
        settings.clock = Clock::Simulated(life.clock().clone());
        settings.create = CreateTopics::Never;
        settings.concurrency = self.world.plan.concurrency;
        settings.lanes = 2;
        settings.drain = Duration::from_secs(5);
        settings.session_timeout = SESSION;
        settings.max_poll_interval = Duration::from_secs(60);
        settings.max_poll_records = self.world.plan.poll;
        settings.buffer_records = BUDGET;
        settings.observers.push(Arc::new(Listener(life.clone())));
        settings
    }

    fn routes(&self, life: &Life) -> Routes {
        let store = self.database.store(life.clone());
        let router = (self.furniture.routes)(&self.world, store.clone());
        Routes::of(router).wrap(|routes| {
            Arc::new(Watched { routes, life: life.clone(), store }) as Arc<dyn Endpoint>
        })
    }

    /// A process has ended: killed, stopped, or by itself because a call failed at its start. Another one takes its place.
    fn ended(&mut self, ended: Result<(Life, Result<(), Error>), tokio::task::JoinError>) {
        let (life, result) = ended.expect("a member is neither aborted nor panics");
        self.world.note(|| format!("{:?}: ended: {result:?}", life.process()));
        if let Err(error @ (Error::Internal { .. } | Error::Stopped { .. } | Error::Refused(_))) =
            &result
        {
            let what = format!("{:?} ended by itself: {error}", life.process());
            lock(&self.world.truth).violated("I7", what);
        }
        self.lives.remove(&life.process());
        let guest = self.leaves.iter().any(|(_, process)| *process == life.process());
        self.leaves.retain(|(_, process)| *process != life.process());
        let enough = self.lives.len() + self.births.len() >= self.world.plan.members as usize;
        if !guest && !enough {
            let delay = self.rng.millis(0, 2_000);
            self.births.push(Instant::now() + delay);
        }
    }

    /// I7: after everything is healed it all ends, in time.
    async fn finish(&mut self) {
        self.thaws.iter_mut().for_each(|(at, _)| *at = Instant::now());
        let until = Instant::now() + LIVELY;
        self.go_on(until, World::is_through).await;
        if self.world.violated() {
            return;
        }
        if self.world.checks("I7") && !self.world.is_through() {
            let state = self.world.what_is_left();
            lock(&self.world.truth).violated("I7", format!("not through in {LIVELY:?}: {state}"));
            return;
        }
        // The shutdown has its own moment; nobody takes anybody's place any more.
        self.lives.values().for_each(|life| life.stop().cancel());
        let patience = Instant::now() + Duration::from_secs(60);
        while !self.members.is_empty() && Instant::now() < patience {
            self.tend();
            self.births.clear();
            tokio::select! {
                biased;
                Some(order) = self.orders.recv() => if let Order::Thaw(..) = order { self.take(order) },
                Some(ended) = self.members.join_next() => self.ended(ended),
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
            }
        }
    }

    fn judge(self) -> Ended {
        let mut truth = lock(&self.world.truth);
        if truth.violations.is_empty() {
            if self.world.checks("I5") {
                checks::i5_everything_has_ended(&mut truth);
            }
            let most = i64::try_from(BUDGET + self.world.plan.poll).unwrap_or(i64::MAX);
            if self.world.checks("I6") {
                checks::i6_memory_is_bounded(&mut truth, most);
            }
        }
        let violation = truth.violations.first().cloned();
        let hits = lock(&self.world.planner).hits().to_vec();
        let trace = std::mem::take(&mut *lock(&self.world.trace));
        Ended { hits, violation, trace }
    }
}

/// Finds out what the routes read, before the world begins.
fn topics_of(furniture: &Furniture<'_>) -> (BTreeSet<TopicName>, BTreeSet<TopicName>) {
    let (world, _orders) = World::new(
        Plan::draw(0),
        SimLog::at(EPOCH),
        BTreeSet::new(),
        BTreeSet::new(),
        BTreeSet::new(),
        Vec::new(),
    );
    let life = world.life(PUBLISHER, SimClock::new(EPOCH, 0));
    let store = Database::default().store(life);
    let sources: BTreeSet<_> =
        Routes::of((furniture.routes)(&world, store)).topics.into_iter().collect();
    let dead = sources.iter().map(|source| format!("{source}.{GROUP}.dlq"));
    let dead = dead.filter_map(|name| TopicName::new(name).ok()).collect();
    (sources, dead)
}

fn names_of(topics: &[&str]) -> BTreeSet<TopicName> {
    topics.iter().filter_map(|name| TopicName::new(*name).ok()).collect()
}

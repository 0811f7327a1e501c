//! Runs one world from its plan to its end.
//!
//! ```text
//!   publish ─▶ faults hit while members come, go, die and are stopped ─▶ all is healed ─▶ lag 0 in time? ─▶ stopped ─▶ judged
//! ```

mod end;
mod members;
mod operator;
mod produce;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::checks;
use super::furniture::Furniture;
use super::own::Outcome;
use super::plan::Plan;
use super::quiet;
use super::rng::Rng;
use super::store::Database;
use super::world::{Life, Order, World, lock};
use crate::error::Error;
use crate::message::{Offset, Timestamp, TopicPartition};
use crate::testing::sim::{Process, SimLog};

/// Where simulated time begins: 2025-01-01T00:00:00Z. The machine's date changes nothing.
pub(super) const EPOCH: Timestamp = Timestamp(1_735_689_600_000);
/// The group.
pub(super) const GROUP: &str = "world";

/// Runs it, on this thread.
pub(super) fn run(plan: &Plan, furniture: &Furniture<'_>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime of one thread needs no more than memory");
    // Begun within the runtime: outside of it, the time is that of the machine.
    let live = async {
        let running = Running::begin(plan, furniture);
        let world = Arc::downgrade(&running.world);
        (Box::pin(running.live()).await, world)
    };
    let (outcome, world) = quiet::in_a_world(|| runtime.block_on(live));
    drop(runtime); // with it goes what was still under way
    // Others' handlers may keep what they were given.
    let freed = world.strong_count() == 0 || furniture.strangers;
    assert!(freed, "a world has ended, and something of it still holds it");
    outcome
}

struct Running<'a> {
    world: Arc<World>,
    orders: mpsc::UnboundedReceiver<Order>,
    furniture: &'a Furniture<'a>,
    database: Database,
    members: JoinSet<(Life, Result<(), Error>)>,
    lives: BTreeMap<Process, Life>,
    thaws: Vec<(Instant, Process)>,
    reconnects: Vec<(Instant, Process, u32)>,
    leaves: Vec<(Instant, Process)>,
    births: Vec<Instant>,
    /// When an operator says where to go on.
    repairs: Vec<(Instant, TopicPartition, Offset)>,
    /// When an operator lets a key go that is held by this record.
    releases: BTreeMap<(TopicPartition, Offset), Instant>,
    next: u32,
    /// Records that are still to be published.
    left: u32,
    rng: Rng,
}

impl<'a> Running<'a> {
    fn begin(plan: &Plan, furniture: &'a Furniture<'a>) -> Self {
        crate::planted::start_with(plan.partitions);
        let log = SimLog::at(EPOCH);
        log.set_eager(GROUP, plan.eager);
        let (world, orders) = World::new(furniture.made(plan), log);
        world.log.set_faults(world.clone());
        Self {
            world,
            orders,
            furniture,
            database: Database::default(),
            members: JoinSet::new(),
            lives: BTreeMap::new(),
            thaws: Vec::new(),
            reconnects: Vec::new(),
            leaves: Vec::new(),
            births: Vec::new(),
            repairs: Vec::new(),
            releases: BTreeMap::new(),
            next: super::world::PUBLISHER.0 + 1,
            left: plan.records,
            rng: Rng::new(plan.seed ^ 0x77),
        }
    }

    async fn live(mut self) -> Outcome {
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

    /// Lets the world go on until then, or until it is enough; an invariant that is broken ends it.
    async fn go_on(&mut self, until: Instant, enough: impl Fn(&World) -> bool) {
        while Instant::now() < until && !enough(&self.world) && !self.world.violated() {
            self.tend();
            self.let_keys_go().await;
            self.look_for_spins();
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

    fn look_for_spins(&self) {
        if let Some(life) = self.lives.values().find(|life| life.clock().spins()) {
            checks::i7_nobody_spins(&mut lock(&self.world.truth), life.process());
        }
    }

    fn due(&self) -> Option<Instant> {
        let thaws = self.thaws.iter().map(|(at, _)| *at);
        let reconnects = self.reconnects.iter().map(|(at, ..)| *at);
        let leaves = self.leaves.iter().map(|(at, _)| *at).chain(reconnects);
        let repairs = self.repairs.iter().map(|(at, ..)| *at);
        thaws.chain(leaves).chain(repairs).chain(self.births.iter().copied()).min()
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Thaw(process, after) => self.thaws.push((Instant::now() + after, process)),
            Order::Reconnect(process, after, more) => {
                self.reconnects.push((Instant::now() + after, process, more));
            }
            Order::Guest(stays) => {
                let process = self.bear();
                self.leaves.push((Instant::now() + stays, process));
            }
            Order::Publish(more) => self.left += more,
        }
    }

    fn tend(&mut self) {
        let now = Instant::now();
        for (_, process) in self.thaws.extract_if(.., |(at, _)| *at <= now).collect::<Vec<_>>() {
            self.world.note(|| format!("{process:?}: goes on"));
            self.lives.get(&process).inspect(|life| life.thaw());
        }
        for (_, process, more) in
            self.reconnects.extract_if(.., |(at, ..)| *at <= now).collect::<Vec<_>>()
        {
            self.reconnect(process, more);
        }
        for (_, process) in self.leaves.extract_if(.., |(at, _)| *at <= now).collect::<Vec<_>>() {
            self.lives.get(&process).inspect(|life| life.stop().cancel());
        }
        for (_, at, begins) in
            self.repairs.extract_if(.., |(at, ..)| *at <= now).collect::<Vec<_>>()
        {
            self.repair(&at, begins);
        }
        for _ in self.births.extract_if(.., |at| *at <= now).collect::<Vec<_>>() {
            self.bear();
        }
    }
}

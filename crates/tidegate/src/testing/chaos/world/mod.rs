//! One world while it runs: what its processes share, and what is asked at each step of theirs.

mod life;
mod site;
mod strike;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::faulty::Planner;
use super::moment::Kind;
use super::plan::Plan;
use super::rng::Rng;
use super::strangers::Pulse;
use super::truth::{Book, Limits, Truth};
use crate::clock::simulated::SimClock;
use crate::companion::entry::Scribe;
use crate::message::TopicName;
use crate::testing::sim::{Process, SimLog};

pub(super) use life::Life;

/// The process that publishes.
pub(super) const PUBLISHER: Process = Process(0);

/// Kafka's default is 45 s; a shorter one makes more of the same.
pub(super) const SESSION: Duration = Duration::from_secs(10);

/// What the world's own loop has to do, because a step cannot.
#[derive(Debug)]
pub(super) enum Order {
    /// Opens the gate of a stopped process again.
    Thaw(Process, Duration),
    /// A process that is cut off is heard of again, and there are so many more records for it.
    Reconnect(Process, Duration, u32),
    /// One more member for so long.
    Guest(Duration),
    /// So many more records.
    Publish(u32),
}

/// The topics of a world, by what they are for.
#[derive(Debug, Default)]
pub(super) struct Topics {
    /// Topics whose records are judged.
    pub(super) sources: BTreeSet<TopicName>,
    pub(super) dead_letters: BTreeSet<TopicName>,
    /// Topics whose records are rows of an outbox first.
    pub(super) owed: BTreeSet<TopicName>,
    /// Topics that retries wait in, and how they are read.
    pub(super) companions: BTreeMap<TopicName, Scribe>,
}

/// What all processes share.
#[derive(Debug)]
pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) log: SimLog,
    pub(super) began: Instant,
    pub(super) truth: Mutex<Truth>,
    pub(super) planner: Mutex<Planner>,
    /// Draws what is not planned: small delays.
    rng: Mutex<Rng>,
    lives: Mutex<BTreeMap<Process, Life>>,
    orders: mpsc::UnboundedSender<Order>,
    pub(super) topics: Topics,
    pub(super) limits: Limits,
    /// Checks that are left out.
    without: Vec<&'static str>,
    /// Whether the routes are somebody else's: what they do outside of this world is refused.
    pub(super) strangers: bool,
    /// Whose step it is.
    pub(super) pulse: Arc<Pulse>,
    /// The story, if it is to be told.
    trace: Option<Mutex<Vec<String>>>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a world is made with.
pub(super) struct Made<'a> {
    pub(super) plan: &'a Plan,
    pub(super) topics: Topics,
    pub(super) limits: Limits,
    pub(super) without: &'a [&'static str],
    pub(super) strangers: bool,
    pub(super) told: bool,
    pub(super) pulse: Arc<Pulse>,
}

impl World {
    pub(super) fn new(made: Made<'_>, log: SimLog) -> (Arc<Self>, mpsc::UnboundedReceiver<Order>) {
        let (orders, received) = mpsc::unbounded_channel();
        let world = Self {
            planner: Mutex::new(Planner::new(&made.plan.faults)),
            rng: Mutex::new(Rng::new(made.plan.seed ^ 0x5e)),
            plan: made.plan.clone(),
            log,
            began: Instant::now(),
            truth: Mutex::default(),
            lives: Mutex::default(),
            orders,
            topics: made.topics,
            limits: made.limits,
            without: made.without.to_vec(),
            strangers: made.strangers,
            pulse: made.pulse,
            trace: made.told.then(Mutex::default),
        };
        (Arc::new(world), received)
    }

    pub(super) fn checks(&self, invariant: &'static str) -> bool {
        !self.without.contains(&invariant)
    }

    /// One line of the story.
    pub(super) fn note(&self, what: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            let at = self.began.elapsed().as_secs_f64();
            lock(trace).push(format!("{at:>9.3} s  {}", what()));
        }
    }

    pub(super) fn take_trace(&self) -> Vec<String> {
        self.trace.as_ref().map(|trace| std::mem::take(&mut *lock(trace))).unwrap_or_default()
    }

    pub(super) fn violated(&self) -> bool {
        !lock(&self.truth).violations.is_empty()
    }

    /// I7: every record is finished, and committed, and none waits in a schedule.
    pub(super) fn is_through(&self) -> bool {
        lock(&self.truth).books.values().all(Book::is_through)
    }

    /// How many records have ended.
    pub(super) fn ended(&self) -> u64 {
        lock(&self.truth).ended
    }

    /// Whether every fault has hit, and every stopped process goes on.
    pub(super) fn is_spent(&self) -> bool {
        let away = lock(&self.lives).values().any(Life::is_away);
        !away && lock(&self.planner).is_spent()
    }

    /// A new life of a process.
    pub(super) fn life(self: &Arc<Self>, process: Process, clock: SimClock) -> Life {
        let life = Life::new(self.clone(), process, clock);
        lock(&self.lives).insert(process, life.clone());
        life
    }

    fn of(&self, process: Process) -> Option<Life> {
        lock(&self.lives).get(&process).cloned()
    }

    /// The processes live no more, and the log asks nobody: a world that holds itself would never be freed.
    pub(super) fn end(&self) {
        lock(&self.lives).clear();
        self.log.forget_faults();
    }

    /// A small delay, or none.
    fn restless(&self) -> Option<Duration> {
        if self.plan.restless == 0 {
            return None;
        }
        let mut rng = lock(&self.rng);
        rng.percent(self.plan.restless).then(|| rng.millis(0, 40))
    }

    fn is_away(&self, kind: Kind) -> bool {
        lock(&self.planner).is_away(kind)
    }
}

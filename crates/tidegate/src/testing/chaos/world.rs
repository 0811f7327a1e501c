//! One world while it runs: what its processes share, and what is asked at each step of theirs.

mod life;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::checks;
use super::faulty::Planner;
use super::moment::{Kind, Moment};
use super::plan::{Plan, Planned};
use super::truth::Truth;
use crate::broker::CommitEntry;
use crate::clock::simulated::SimClock;
use crate::consumer::core::metadata::CommitMetadata;
use crate::dead_letter::Origin;
use crate::message::{Record, TopicName, TopicPartition};
use crate::testing::sim::{Call, Faults, Injection, Process, SimLog, Site};

/// What the world's own loop has to do, because a step cannot.
#[derive(Debug)]
pub(super) enum Order {
    /// Opens the gate of a stopped process again.
    Thaw(Process, Duration),
    /// One more member for so long.
    Guest(Duration),
}

/// What all processes share.
#[derive(Debug)]
pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) log: SimLog,
    pub(super) began: Instant,
    pub(super) truth: Mutex<Truth>,
    pub(super) planner: Mutex<Planner>,
    lives: Mutex<BTreeMap<Process, Life>>,
    orders: mpsc::UnboundedSender<Order>,
    /// Topics whose records are judged.
    pub(super) sources: BTreeSet<TopicName>,
    pub(super) dead_letters: BTreeSet<TopicName>,
    /// Topics whose records are rows of an outbox first.
    pub(super) owed: BTreeSet<TopicName>,
    /// Checks that are left out.
    pub(super) without: Vec<&'static str>,
    pub(super) trace: Mutex<Vec<String>>,
}

/// One life of one process. Clones are the same life.
#[derive(Debug, Clone)]
pub(super) struct Life(Arc<Body>);

#[derive(Debug)]
struct Body {
    process: Process,
    world: Arc<World>,
    clock: SimClock,
    dead: AtomicBool,
    died: Notify,
    stop: CancellationToken,
    /// When it last went on after it had been stopped.
    thawed: Mutex<Option<Instant>>,
}

/// So long after a process goes on, it has heard nothing from the group yet: its heartbeat is on its way.
const ROUND_TRIP: Duration = Duration::from_millis(25);

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(super) fn new(
        plan: Plan,
        log: SimLog,
        sources: BTreeSet<TopicName>,
        dead_letters: BTreeSet<TopicName>,
        owed: BTreeSet<TopicName>,
        without: Vec<&'static str>,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Order>) {
        let (orders, received) = mpsc::unbounded_channel();
        let planner = Mutex::new(Planner::new(&plan.faults));
        let world = Self {
            plan,
            log,
            began: Instant::now(),
            truth: Mutex::default(),
            planner,
            lives: Mutex::default(),
            orders,
            sources,
            dead_letters,
            owed,
            without,
            trace: Mutex::default(),
        };
        (Arc::new(world), received)
    }

    pub(super) fn checks(&self, invariant: &'static str) -> bool {
        !self.without.contains(&invariant)
    }

    /// One line of the story.
    pub(super) fn note(&self, what: impl FnOnce() -> String) {
        lock(&self.trace).push(format!(
            "{:>9.3} s  {}",
            self.began.elapsed().as_secs_f64(),
            what()
        ));
    }

    pub(super) fn violated(&self) -> bool {
        !lock(&self.truth).violations.is_empty()
    }

    /// I7: every record is finished, and committed.
    pub(super) fn is_through(&self) -> bool {
        lock(&self.truth).books.values().all(|book| {
            book.open.is_empty()
                && book.facts.last_key_value().is_none_or(|(last, _)| book.committed > *last)
        })
    }

    /// Whether every fault has hit, and every stopped process goes on.
    pub(super) fn is_spent(&self) -> bool {
        let stopped =
            lock(&self.lives).values().any(|life| life.0.clock.gate().is_shut() && !life.is_dead());
        !stopped && lock(&self.planner).is_spent()
    }

    pub(super) fn what_is_left(&self) -> String {
        let truth = lock(&self.truth);
        let left = truth.books.iter().map(|(at, book)| {
            let last = book.facts.last_key_value().map_or(0, |(last, _)| last.0);
            format!("{at}: committed {} of {last}, unfinished {:?}", book.committed, book.open)
        });
        left.collect::<Vec<_>>().join("; ")
    }

    /// A new life of a process.
    pub(super) fn life(self: &Arc<Self>, process: Process, clock: SimClock) -> Life {
        let life = Life(Arc::new(Body {
            process,
            world: self.clone(),
            clock,
            dead: AtomicBool::new(false),
            died: Notify::new(),
            stop: CancellationToken::new(),
            thawed: Mutex::new(None),
        }));
        lock(&self.lives).insert(process, life.clone());
        life
    }

    fn of(&self, process: Process) -> Option<Life> {
        lock(&self.lives).get(&process).cloned()
    }

    fn moment_of(&self, site: &Site<'_>) -> Option<Moment> {
        Some(match site.call {
            Call::Publish => {
                let topic = &site.partition?.topic;
                if self.sources.contains(topic) {
                    return None;
                }
                match () {
                    () if self.dead_letters.contains(topic) => Moment::DeadLetter,
                    () if self.owed.contains(topic) => Moment::Owed,
                    () => Moment::Enqueued,
                }
            }
            Call::Poll => Moment::Fetched,
            Call::Commit => Moment::Marked,
            Call::Revoked => Moment::Revoke,
            Call::Close => Moment::Shutdown,
            Call::Subscribe => Moment::TakeOver,
            _ => return None,
        })
    }

    /// Carries a fault out, as far as it is not for the caller.
    fn strike(&self, life: &Life, fault: Planned) -> Injection {
        let Planned { kind, moment, lasts, .. } = fault;
        self.note(|| format!("{:?}: {kind} at moment {moment}, for {lasts:?}", life.0.process));
        match kind {
            Kind::Crash => {
                life.die();
                if fault.nth.is_multiple_of(2) { Injection::CrashAfter } else { Injection::Crash }
            }
            Kind::Zombie => {
                life.freeze();
                let _ = self.orders.send(Order::Thaw(life.0.process, lasts));
                Injection::Nothing
            }
            Kind::Restart => {
                life.0.stop.cancel();
                Injection::Nothing
            }
            Kind::Rebalance => {
                let _ = self.orders.send(Order::Guest(lasts));
                Injection::Nothing
            }
            Kind::BrokerAway | Kind::CoordinatorMoves => {
                lock(&self.planner).away(kind, Instant::now() + lasts);
                Injection::Refuse
            }
            Kind::Slow => Injection::Late(lasts),
            Kind::Refused => Injection::Refuse,
            Kind::ReplyLost => Injection::LoseReply(lasts),
            Kind::ClockJump => {
                life.0.clock.set_back(if fault.nth.is_multiple_of(2) {
                    3_600_000
                } else {
                    -3_600_000
                });
                Injection::Nothing
            }
        }
    }
}

impl Faults for World {
    fn on(&self, site: &Site<'_>) -> Injection {
        let Some(life) = self.of(site.process) else { return Injection::Nothing };
        if life.is_dead() {
            return Injection::Crash;
        }
        if site.call == Call::Poll && life.has_just_thawed() {
            return Injection::Late(ROUND_TRIP);
        }
        let Some(moment) = self.moment_of(site) else {
            let away = lock(&self.planner).is_away(Kind::BrokerAway);
            let asks = !matches!(site.call, Call::Publish);
            return if away && asks { Injection::Refuse } else { Injection::Nothing };
        };
        life.hit(moment, true)
    }

    fn appended(&self, process: Process, record: &Record) {
        let at = record.topic_partition();
        let mut truth = lock(&self.truth);
        if self.dead_letters.contains(&record.topic) {
            let Some(origin) = Origin::from_headers(&record.headers) else { return };
            let at = TopicPartition::new(origin.topic, origin.partition);
            truth.learn(&at, origin.offset, |fact| fact.dead = true);
        } else if !self.sources.contains(&record.topic) {
            let header = |name| record.headers.text(name).map(str::to_owned);
            let cause = header(crate::headers::names::CAUSATION_ID);
            let id = header(crate::headers::names::EVENT_ID);
            let place = cause.and_then(|cause| truth.ids.get(&cause).cloned());
            if let (Some((at, offset)), Some(id)) = (place, id) {
                truth.learn(&at, offset, |fact| fact.emitted.extend([id]));
            }
        }
        drop(truth);
        self.note(|| format!("{process:?}: appended {at} offset {}", record.offset));
    }

    fn stored(&self, process: Process, entry: &CommitEntry) {
        let CommitEntry { partition, committed } = entry;
        self.note(|| format!("{process:?}: committed {} of {partition}", committed.offset));
        let mut truth = lock(&self.truth);
        if self.checks("I2") {
            checks::i2_nothing_unfinished_is_committed(&mut truth, process, entry);
        }
        if self.checks("I10") {
            checks::i10_commits_never_move_back(&mut truth, process, entry);
        }
        let done = CommitMetadata::decode(&committed.metadata).map(|m| m.done).unwrap_or_default();
        let Some(book) = truth.books.get_mut(partition) else { return };
        for (offset, fact) in &mut book.facts {
            fact.covered |= *offset < committed.offset || done.contains(*offset);
        }
    }
}

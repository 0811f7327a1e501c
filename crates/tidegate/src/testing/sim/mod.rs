//! A log in memory, for one seed: the third implementation of the broker contract.
//!
//! ```text
//!   process 1 ── Broker ─┐  each call ─▶ Faults::on(site) ─▶ Injection: nothing · late · refused · lost · crash
//!   process 2 ── Broker ─┼─▶ SimLog: topics, groups, commits
//!   process 3 ── Broker ─┘     ▲
//!                              └─ a world: rebalances, outages, moves, gaps, processes that stop
//! ```
//!
//! Nothing in it draws, threads or looks at the machine's clock: the same calls at the same (tokio) times give the same
//! answers, so that a run under paused time on one thread can be repeated from its seed (test
//! `the_same_seed_makes_the_same_calls`). Without faults it passes the conformance suite, as the others do (test
//! `the_simulated_log_keeps_the_contract`).
//!
//! What it takes over from Kafka: a commit is fenced, a publish is not (test `a_zombie_can_publish_but_not_commit`); a
//! member is out when its session is over, or when it does not poll; a client's publishes do not overtake each other.

mod control;
mod driver;
mod fate;
mod faults;
mod keeping;
mod late;
mod life;
mod member;
mod outage;
mod part;
mod publish;
mod reads;
mod state;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::time::Instant;

pub use self::faults::{Call, Faults, Injection, Process, Refusal, Site};
pub use self::outage::Outage;
pub use crate::broker::coordinator::Shift;

use self::driver::SimBroker;
use self::late::OnTheWay;
use self::life::{Life, Membership};
use self::outage::Outages;
use self::state::State;
use crate::broker::coordinator::Coordinator;
use crate::broker::sync::lock;
use crate::broker::{Broker, BrokerError};
use crate::message::Timestamp;

/// The log. Clones are the same log.
#[derive(Debug, Clone)]
pub struct SimLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    coordinator: Coordinator,
    outages: Mutex<Outages>,
    on_the_way: Mutex<OnTheWay>,
    lives: Mutex<Vec<Life>>,
    members: Mutex<Vec<Membership>>,
    faults: Mutex<Option<Arc<dyn Faults>>>,
    began: Instant,
    epoch: Timestamp,
    closed: AtomicBool,
    in_runtime: bool,
}

impl SimLog {
    /// Empty, and without faults. Its time is that of the tokio runtime in which it is made.
    #[must_use]
    pub fn new() -> Self {
        Self::at(crate::clock::wall_now())
    }

    /// The same, with a wall clock that begins there.
    #[must_use]
    pub fn at(epoch: Timestamp) -> Self {
        Self(Arc::new(Inner::new(epoch, Instant::now(), State::default())))
    }

    /// The same data under a new broker: all members are gone, and nothing that was accepted is. Nothing goes wrong at it
    /// until it is [told](Self::set_faults) what does.
    #[must_use]
    pub fn restarted(&self) -> Self {
        self.0.arrive();
        let next = Inner::new(self.0.epoch, self.0.began, self.0.state().kept());
        self.0.shut();
        Self(Arc::new(next))
    }

    /// Who decides what goes wrong from now on.
    pub fn set_faults(&self, faults: Arc<dyn Faults>) {
        *lock(&self.0.faults) = Some(faults);
    }

    /// Nobody decides any more: whoever did may hold this log, and the two would hold each other.
    pub(crate) fn forget_faults(&self) {
        *lock(&self.0.faults) = None;
    }

    /// The log, as one process sees it.
    ///
    /// # Panics
    /// When the log was made outside of a tokio runtime: its time would be the machine's, and no run like another.
    #[must_use]
    pub fn broker(&self, process: Process) -> Broker {
        assert!(self.0.in_runtime, "a simulated log must be made within a tokio runtime");
        Broker::new(SimBroker { inner: self.0.clone(), life: self.0.life(process) })
    }
}

impl Default for SimLog {
    fn default() -> Self {
        Self::new()
    }
}

impl Inner {
    fn new(epoch: Timestamp, began: Instant, state: State) -> Self {
        Self {
            epoch,
            began,
            state: Mutex::new(state),
            coordinator: Coordinator::default(),
            outages: Mutex::default(),
            on_the_way: Mutex::default(),
            lives: Mutex::default(),
            members: Mutex::default(),
            faults: Mutex::new(None),
            closed: AtomicBool::new(false),
            in_runtime: tokio::runtime::Handle::try_current().is_ok(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn check_open(&self) -> Result<(), BrokerError> {
        if self.closed.load(Ordering::Acquire) { Err(BrokerError::Closed) } else { Ok(()) }
    }

    fn shut(&self) {
        self.closed.store(true, Ordering::Release);
        self.wake_all();
    }

    /// The broker's own time.
    fn wall(&self) -> Timestamp {
        let passed = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.epoch.0.saturating_add(passed))
    }

    /// Tells whoever decides on faults what has happened.
    fn tell(&self, tell: impl FnOnce(&dyn Faults)) {
        let faults = lock(&self.faults).clone();
        faults.as_deref().map(tell);
    }

    /// Everybody looks again.
    fn wake_all(&self) {
        self.state().wake_all();
        self.coordinator.wake_all();
    }

    /// When somebody who waits has to look again, although nobody has done anything.
    fn next_due(&self) -> Option<Instant> {
        let arrives = lock(&self.on_the_way).next();
        let back = lock(&self.outages).next(Instant::now());
        [arrives, back].into_iter().flatten().min()
    }
}

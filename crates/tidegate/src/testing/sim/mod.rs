//! A log in memory, for one seed: the third implementation of the broker contract.
//!
//! ```text
//!   process 1 ── Broker ─┐  each call ─▶ Faults::on(site) ─▶ Injection: nothing · late · refused · reply lost · crash
//!   process 2 ── Broker ─┼─▶ SimLog: topics, groups, commits
//!   process 3 ── Broker ─┘
//! ```
//!
//! Nothing in it draws, threads or looks at the machine's clock: the same calls at the same (tokio) times give the same
//! answers, so that a run under paused time on one thread can be repeated from its seed. Without faults it passes the
//! conformance suite, as the others do (test `the_simulated_log_keeps_the_contract`).

mod driver;
mod faults;
mod member;
mod publish;
mod state;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;
use tokio::time::Instant;

pub use faults::{Call, Faults, Injection, Process, Site};

use self::driver::SimBroker;
use self::member::Membership;
use self::state::State;
use crate::broker::coordinator::Coordinator;
use crate::broker::{Broker, BrokerError, Committed};
use crate::message::{Offset, Record, Timestamp, TopicPartition};

/// The log. Clones are the same log.
#[derive(Debug, Clone)]
pub struct SimLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    coordinator: Coordinator,
    /// Who waits at the end of a partition.
    waiting: Mutex<Vec<Weak<Notify>>>,
    /// Every membership, by process.
    members: Mutex<BTreeMap<Process, Vec<Membership>>>,
    faults: Mutex<Option<Arc<dyn Faults>>>,
    began: Instant,
    epoch: Timestamp,
    closed: AtomicBool,
}

impl SimLog {
    /// Empty, and without faults. Must be made within a tokio runtime: its time is that of tokio.
    #[must_use]
    pub fn new() -> Self {
        Self::at(crate::clock::wall_now())
    }

    /// The same, with a wall clock that begins there.
    #[must_use]
    pub fn at(epoch: Timestamp) -> Self {
        Self(Arc::new(Inner {
            epoch,
            state: Mutex::default(),
            coordinator: Coordinator::default(),
            waiting: Mutex::default(),
            members: Mutex::default(),
            faults: Mutex::new(None),
            began: Instant::now(),
            closed: AtomicBool::new(false),
        }))
    }

    /// The same data under a new broker: all members are gone, and nothing that was accepted is.
    #[must_use]
    pub fn restarted(&self) -> Self {
        let next = Self::new();
        *next.0.state() = self.0.state().clone();
        self.0.shut();
        next
    }

    /// Who decides what goes wrong from now on.
    pub fn set_faults(&self, faults: Arc<dyn Faults>) {
        *lock(&self.0.faults) = Some(faults);
    }

    /// The log, as one process sees it.
    #[must_use]
    pub fn broker(&self, process: Process) -> Broker {
        Broker::new(SimBroker { inner: self.0.clone(), process })
    }

    /// From its next rebalance on, the group takes everything back before it gives anything out.
    pub fn set_eager(&self, group: &str, eager: bool) {
        self.0.coordinator.set_eager(group, eager);
    }

    /// The group is heard of no more from this process: crashed, or stopped. Its members are put out when their session
    /// has run out.
    pub fn silence(&self, process: Process) {
        for member in lock(&self.0.members).get(&process).into_iter().flatten() {
            self.0.coordinator.hasten(&member.group, member.id, member.session_timeout);
        }
    }

    /// A stopped process goes on. What the group has decided meanwhile stays.
    pub fn resume(&self, process: Process) {
        for member in lock(&self.0.members).get(&process).into_iter().flatten() {
            self.0.coordinator.relax(&member.group, member.id, member.max_poll_interval);
        }
    }

    /// Leaves offsets without a record behind a partition's present end, as compaction or the markers of a transaction do.
    pub fn skip_offsets(&self, partition: &TopicPartition, offsets: u64) {
        if let Ok(part) = self.0.state().partition_mut(partition) {
            part.end = Offset(part.end.0 + offsets);
        }
        self.0.wake();
    }

    /// All records of a partition.
    #[must_use]
    pub fn records(&self, partition: &TopicPartition) -> Vec<Record> {
        self.0.state().partition(partition).map(|part| part.records.clone()).unwrap_or_default()
    }

    /// What a group has committed.
    #[must_use]
    pub fn committed(&self, group: &str, partition: &TopicPartition) -> Option<Committed> {
        self.0.state().commits.get(group)?.get(partition).cloned()
    }
}

impl Default for SimLog {
    fn default() -> Self {
        Self::new()
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn check_open(&self) -> Result<(), BrokerError> {
        if self.closed.load(Ordering::Acquire) { Err(BrokerError::Closed) } else { Ok(()) }
    }

    fn shut(&self) {
        self.closed.store(true, Ordering::Release);
        self.wake();
        self.coordinator.wake_all();
    }

    /// The broker's own time.
    fn wall(&self) -> Timestamp {
        let passed = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.epoch.0 + passed)
    }

    /// Tells whoever decides on faults what has happened.
    fn tell(&self, tell: impl FnOnce(&dyn Faults)) {
        let faults = lock(&self.faults).clone();
        faults.as_deref().map(tell);
    }

    /// What goes wrong with this call.
    fn injection(&self, site: &Site<'_>) -> Injection {
        let faults = lock(&self.faults).clone();
        faults.map_or(Injection::Nothing, |faults| faults.on(site))
    }

    /// To be woken when anything in the log changes, as long as the handle lives.
    fn watch(&self) -> Arc<Notify> {
        let waker = Arc::new(Notify::new());
        lock(&self.waiting).push(Arc::downgrade(&waker));
        waker
    }

    /// Something in the log has changed.
    fn wake(&self) {
        let mut waiting = lock(&self.waiting);
        waiting.retain(|waker| waker.upgrade().inspect(|waker| waker.notify_one()).is_some());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

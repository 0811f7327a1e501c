//! Readiness and counts of a running service: what `/ready` and `/metrics` of a program answer from.
//!
//! A service that has stopped never looks healthy, however it ended (rule 17; test
//! `rule_17_a_stopped_service_is_not_ready`).

mod check;
mod reasons;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;
mod troubles;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Notify;

pub use self::check::{Check, CheckName, Readiness};
pub use self::snapshot::{Outcomes, Phase, Snapshot};

use self::state::State;
use crate::broker::sync::lock;
use crate::clock::Clock;
use crate::consumer::core::Ledger;
use crate::consumer::runtime::NamedStore;
use crate::pulse::{self, Pulse};

/// A store that has not answered by then cannot be used.
const ANSWER: Duration = Duration::from_secs(4);

/// The state of one service. Cheap to clone and to read; given by `Service::health` before the start, and true for
/// as long as it is held.
#[derive(Debug, Clone, Default)]
pub struct Health {
    state: Arc<Mutex<State>>,
    attempts: Arc<AtomicU64>,
    pulse: Arc<Pulse>,
    /// The service's own, once it runs.
    clock: Arc<OnceLock<Clock>>,
    /// Readiness may have changed.
    changed: Arc<Notify>,
}

impl Health {
    /// Whether the service does its work, from what it has seen itself, and what the last [`probe`](Self::probe) found: it
    /// asks nobody.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let (now, late) = (self.now(), self.late());
        let checks = self.lock().checks(now);
        with_loop(checks, late)
    }

    /// By how much the loop is late, which it cannot say itself: this is asked by whoever asks for readiness.
    fn late(&self) -> Option<Duration> {
        self.pulse.lateness().filter(|_| self.lock().phase() == Phase::Running)
    }

    /// As [`readiness`](Self::readiness), and asks every store whether it can be used now: all at once, and none for longer
    /// than 4 s. The answer is remembered for 10 s.
    pub async fn probe(&self) -> Readiness {
        let stores = self.lock().stores.clone();
        let answers = join_all(stores.iter().map(ask)).await;
        self.lock().probed(answers.into_iter().flatten().collect(), self.now());
        self.readiness()
    }

    /// What somebody else was told by the stores.
    #[cfg(feature = "metrics")]
    pub(crate) fn stores_said(&self, reasons: Vec<String>) {
        self.lock().probed(reasons, self.now());
    }

    /// Waits until the service is [ready](Self::readiness), its stores left aside: not at all when it is already, and for ever when it is never
    /// run. Cancel safe.
    ///
    /// ```
    /// # use tidegate::prelude::*;
    /// # #[derive(serde::Serialize, serde::Deserialize)] struct Order { id: String }
    /// # impl Event for Order {
    /// #     const TYPE: &'static str = "order.created";
    /// #     fn key(&self) -> Key<'_> { Key::from(&self.id) }
    /// # }
    /// # async fn charge(_: Payload<Order>) {}
    /// # async fn publish_the_first() {}
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let service = Service::new("billing", Broker::in_memory())
    ///     .start_from(StartFrom::Earliest)
    ///     .route(Topic::json("orders").on(charge).with_state(()));
    /// let health = service.health();
    /// let running = service.run_until(async move {
    ///     if health.ready().await.is_ok() {
    ///         publish_the_first().await;
    ///     }
    /// });
    /// running.await.unwrap();
    /// # }
    /// ```
    ///
    /// # Errors
    /// The reasons, when the service has stopped: it will never be ready.
    pub async fn ready(&self) -> Result<(), Readiness> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable(); // before looking, so that nothing is missed that changes meanwhile
            let readiness = self.readiness();
            if readiness.failing().all(|check| check == CheckName::Store) {
                return Ok(());
            }
            if self.lock().phase() == Phase::Stopped {
                return Err(self.readiness());
            }
            changed.await;
        }
    }

    /// Everything at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let (now, late) = (self.now(), self.late());
        let state = self.lock();
        Snapshot {
            phase: state.phase(),
            assigned: state.assigned.iter().cloned().collect(),
            outcomes: state.outcomes,
            attempts: self.attempts.load(Ordering::Relaxed),
            in_flight: state.ledger.values().map(|counts| counts.pending).sum(),
            ledger: state.ledger.clone(),
            readiness: with_loop(state.checks(now), late),
        }
    }

    /// Time on the service's clock; zero before it runs.
    fn now(&self) -> Duration {
        self.clock.get().map(Clock::elapsed).unwrap_or_default()
    }

    /// The service begins to run. Ages are counted on its clock from now on.
    pub(crate) fn begun(&self, clock: &Clock) {
        // Whoever runs a service runs it once.
        let _ = self.clock.set(clock.clone());
        self.lock().enter(Phase::Starting, self.now());
    }

    pub(crate) fn running(&self, stores: Vec<NamedStore>) {
        let mut state = self.lock();
        state.stores = stores;
        state.enter(Phase::Running, self.now());
        drop(state);
        self.changed.notify_waiters();
    }

    /// What the loop turns.
    pub(crate) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    pub(crate) fn draining(&self) {
        self.lock().enter(Phase::Draining, self.now());
    }

    /// Brings the ledger up to date.
    pub(crate) fn update_ledger(&self, update: impl FnOnce(&mut Ledger)) {
        update(&mut self.lock().ledger);
    }

    /// Where handler calls that were begun are counted.
    pub(crate) fn attempts(&self) -> Arc<AtomicU64> {
        self.attempts.clone()
    }

    /// Says why, before the guard says that it stopped.
    pub(crate) fn failed(&self, reason: String) {
        self.lock().failure = Some(reason);
    }

    /// Marks the service as stopped when it is dropped: by return, cancellation or panic (rule 17).
    pub(crate) fn stop_guard(&self) -> StopGuard {
        StopGuard(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// What a store says against being used.
async fn ask(named: &NamedStore) -> Option<String> {
    let NamedStore { name, store } = named;
    match tokio::time::timeout(ANSWER, store.health()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("store {name} cannot be used: {error}")),
        Err(_) => Some(format!("store {name} cannot be used: no answer within {ANSWER:?}")),
    }
}

/// Puts in what the loop cannot say itself.
fn with_loop(mut checks: Vec<Check>, late: Option<Duration>) -> Readiness {
    if let Some(late) = late
        && let Some(check) = checks.iter_mut().find(|check| check.name == CheckName::Loop)
    {
        let why = format!("the member's loop is late by {late:?}: something keeps its thread");
        check.reasons.push(why);
        check.age = late.saturating_sub(pulse::LATE);
    }
    Readiness::new(checks)
}

/// See [`Health::stop_guard`].
#[derive(Debug)]
pub(crate) struct StopGuard(Health);

impl Drop for StopGuard {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.enter(Phase::Stopped, self.0.now());
        drop(state);
        self.0.changed.notify_waiters();
    }
}

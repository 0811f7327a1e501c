//! Readiness and counts of a running service: what `/ready` and `/metrics` of a program answer from.
//!
//! A service that has stopped never looks healthy, however it ended (rule 17; test
//! `rule_17_a_stopped_service_is_not_ready`).

mod state;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

use crate::broker::sync::lock;
use crate::consumer::core::Ledger;
use crate::consumer::runtime::NamedStore;
use crate::message::TopicPartition;
use crate::pulse::Pulse;

use self::state::State;

/// The state of one service. Cheap to clone and to read; given by `Service::health` before the start, and true for
/// as long as it is held.
#[derive(Debug, Clone, Default)]
pub struct Health {
    state: Arc<Mutex<State>>,
    attempts: Arc<AtomicU64>,
    pulse: Arc<Pulse>,
    /// Readiness may have changed.
    changed: Arc<Notify>,
}

/// Where a service is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Phase {
    /// Checking, or joining the group.
    #[default]
    Starting,
    /// Member of the group.
    Running,
    /// Finishing what it has begun; takes nothing new.
    Draining,
    /// Ended, in whatever way.
    Stopped,
}

/// Whether the service does its work, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// One line each; none: ready.
    pub reasons: Vec<String>,
}

impl Readiness {
    /// Whether nothing is in the way.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// How many records ended how, since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcomes {
    /// Handled.
    pub done: u64,
    /// Handled before.
    pub duplicate: u64,
    /// Not for this service, and said so.
    pub skipped: u64,
    /// Dead-lettered.
    pub dead: u64,
    /// Attempts that failed and were followed by another.
    pub retried: u64,
}

/// Everything at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Where the service is in its life.
    pub phase: Phase,
    /// The partitions that it owns now.
    pub assigned: Vec<TopicPartition>,
    /// How many records ended how.
    pub outcomes: Outcomes,
    /// Handler calls that were begun.
    pub attempts: u64,
    /// Records that are running, settling or waiting.
    pub in_flight: u64,
    /// What became of every delivered record, by partition.
    pub ledger: Ledger,
    /// As [`Health::readiness`] says.
    pub readiness: Readiness,
}

impl Health {
    /// Whether the service does its work, from what it has seen itself: it asks nobody.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let mut readiness = self.lock().readiness();
        readiness.reasons.extend(self.late());
        readiness
    }

    /// The loop itself cannot say that it stands still: this is asked by whoever asks for readiness.
    fn late(&self) -> Option<String> {
        let late = self.pulse.lateness().filter(|_| self.lock().phase == Phase::Running)?;
        Some(format!("the member's loop is late by {late:?}: something keeps its thread"))
    }

    /// As [`readiness`](Self::readiness), and asks every store whether it can be used now.
    pub async fn probe(&self) -> Readiness {
        let stores = self.lock().stores.clone();
        let mut readiness = self.readiness();
        for NamedStore { name, store } in stores {
            if let Err(error) = store.health().await {
                readiness.reasons.push(format!("store {name} cannot be used: {error}"));
            }
        }
        readiness
    }

    /// Waits until the service is [ready](Self::readiness): not at all when it is already, and for ever when it is never
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
            if readiness.is_ready() {
                return Ok(());
            }
            if self.lock().phase == Phase::Stopped {
                return Err(self.readiness());
            }
            changed.await;
        }
    }

    /// Everything at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let late = self.late();
        let state = self.lock();
        let mut readiness = state.readiness();
        readiness.reasons.extend(late);
        Snapshot {
            phase: state.phase,
            assigned: state.assigned.iter().cloned().collect(),
            outcomes: state.outcomes,
            attempts: self.attempts.load(Ordering::Relaxed),
            in_flight: state.ledger.values().map(|counts| counts.pending).sum(),
            ledger: state.ledger.clone(),
            readiness,
        }
    }

    pub(crate) fn running(&self, stores: Vec<NamedStore>) {
        let mut state = self.lock();
        state.phase = Phase::Running;
        state.stores = stores;
        drop(state);
        self.changed.notify_waiters();
    }

    /// What the loop turns.
    pub(crate) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    pub(crate) fn draining(&self) {
        self.lock().phase = Phase::Draining;
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

/// See [`Health::stop_guard`].
#[derive(Debug)]
pub(crate) struct StopGuard(Health);

impl Drop for StopGuard {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.phase = Phase::Stopped;
        state.assigned.clear();
        drop(state);
        self.0.changed.notify_waiters();
    }
}

//! Readiness and counts of a running service: what `/ready` and `/metrics` of a program answer from.
//!
//! A service that has stopped never looks healthy, however it ended (rule 17; test
//! `rule_17_a_stopped_service_is_not_ready`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::consumer::core::{End, Ledger};
use crate::consumer::runtime::{NamedStore, Observer, Subject};
use crate::events::RuntimeEvent;
use crate::message::{Offset, TopicPartition};
use crate::pulse::Pulse;

/// The state of one service. Cheap to clone and to read; given by `Service::health` before the start, and true for
/// as long as it is held.
#[derive(Debug, Clone, Default)]
pub struct Health {
    state: Arc<Mutex<State>>,
    attempts: Arc<AtomicU64>,
    pulse: Arc<Pulse>,
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

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    /// Why it stopped, where that is not as it was asked.
    failure: Option<String>,
    assigned: BTreeSet<TopicPartition>,
    /// What keeps a partition from going on: an outage, or ownership that cannot be noted.
    blocked: BTreeMap<TopicPartition, String>,
    /// Records whose settling does not succeed.
    stalled: BTreeMap<(TopicPartition, Offset), String>,
    /// Partitions whose ownership is not trusted for the moment.
    waiting: BTreeMap<TopicPartition, String>,
    /// Partitions that get no further, and nobody knows why.
    stuck: BTreeMap<TopicPartition, String>,
    /// Records whose handlers keep a lane's thread.
    lanes: BTreeMap<(TopicPartition, Offset), String>,
    outcomes: Outcomes,
    ledger: Ledger,
    stores: Vec<NamedStore>,
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
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
    }
}

impl State {
    fn readiness(&self) -> Readiness {
        let mut reasons = Vec::new();
        match self.phase {
            Phase::Starting => reasons.push("the service is starting".to_owned()),
            Phase::Draining => reasons.push("the service is draining".to_owned()),
            Phase::Stopped => reasons.push(match &self.failure {
                Some(failure) => format!("the service has stopped: {failure}"),
                None => "the service has stopped".to_owned(),
            }),
            Phase::Running if self.assigned.is_empty() => {
                reasons.push("no partition is assigned".to_owned());
            }
            Phase::Running => {}
        }
        let paused = self.blocked.iter().chain(&self.waiting);
        reasons.extend(paused.map(|(at, why)| format!("{at} is paused: {why}")));
        reasons.extend(self.stuck.iter().map(|(at, why)| format!("{at} is stuck: {why}")));
        let records = self.stalled.iter().chain(&self.lanes);
        reasons.extend(
            records.map(|((at, offset), why)| format!("{at} is stuck at offset {offset}: {why}")),
        );
        Readiness { reasons }
    }

    fn settled(&mut self, partition: &TopicPartition, offset: Offset, end: End) {
        if !self.stalled.is_empty() {
            self.stalled.remove(&(partition.clone(), offset));
        }
        let count = match end {
            End::Done => &mut self.outcomes.done,
            End::Duplicate => &mut self.outcomes.duplicate,
            End::Skipped => &mut self.outcomes.skipped,
            End::Dead => &mut self.outcomes.dead,
        };
        *count += 1;
    }

    fn ended(&mut self, partition: &TopicPartition) {
        self.assigned.remove(partition);
        self.blocked.remove(partition);
        self.waiting.remove(partition);
        self.stuck.remove(partition);
        self.stalled.retain(|(at, _), _| at != partition);
    }
}

impl Observer for Health {
    fn settled<'a>(
        &self,
        partition: &TopicPartition,
        ended: &[(Offset, End)],
        _: &dyn Fn(Offset) -> Option<Subject<'a>>,
    ) {
        let mut state = self.lock();
        ended.iter().for_each(|(offset, end)| state.settled(partition, *offset, *end));
    }

    fn event(&self, event: &RuntimeEvent, _subject: Option<Subject<'_>>) {
        let mut state = self.lock();
        let Some(at) = event.partition().cloned() else { return };
        match event {
            RuntimeEvent::Started { .. } => {
                state.blocked.remove(&at);
                state.assigned.insert(at);
            }
            RuntimeEvent::Ended { .. } | RuntimeEvent::Fenced { .. } => state.ended(&at),
            RuntimeEvent::Retrying { .. } => state.outcomes.retried += 1,
            RuntimeEvent::OutagePaused { dependency, message, .. } => {
                state.blocked.insert(at, format!("{dependency} is down: {message}"));
            }
            RuntimeEvent::OutageOver { .. } => drop(state.blocked.remove(&at)),
            RuntimeEvent::OwnFailed { message, .. } => {
                state.blocked.insert(at, format!("ownership cannot be noted: {message}"));
            }
            RuntimeEvent::LeaseExpired { .. } => {
                state.waiting.insert(at, "no commit was accepted for long".to_owned());
            }
            RuntimeEvent::LeaseRenewed { .. } => drop(state.waiting.remove(&at)),
            RuntimeEvent::PartitionStuck { offset, doing, .. } => {
                state.stuck.insert(at, format!("no progress at offset {offset}, which is {doing}"));
            }
            RuntimeEvent::PartitionMoves { .. } => drop(state.stuck.remove(&at)),
            RuntimeEvent::LaneStuck { offset, .. } => {
                let why = "its handler keeps the thread".to_owned();
                state.lanes.insert((at, *offset), why);
            }
            RuntimeEvent::LaneFree { offset, .. } => drop(state.lanes.remove(&(at, *offset))),
            RuntimeEvent::SettleStalled { offset, step, message, .. } => {
                state.stalled.insert((at, *offset), format!("{step:?} fails: {message}"));
            }
            _ => {}
        }
    }
}

//! What a service's health remembers, and what it makes of what happens.

use std::collections::{BTreeMap, BTreeSet};

use crate::consumer::core::{End, Ledger};
use crate::consumer::runtime::{NamedStore, Observer, Subject};
use crate::events::RuntimeEvent;
use crate::health::{Health, Outcomes, Phase, Readiness};
use crate::message::{Offset, TopicPartition};

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) phase: Phase,
    /// Why it stopped, where that is not as it was asked.
    pub(super) failure: Option<String>,
    pub(super) assigned: BTreeSet<TopicPartition>,
    /// What keeps a partition from going on: an outage, or ownership that cannot be noted.
    blocked: BTreeMap<TopicPartition, String>,
    /// Records whose settling does not succeed.
    stalled: BTreeMap<(TopicPartition, Offset), String>,
    /// Partitions whose ownership is not trusted for the moment.
    waiting: BTreeMap<TopicPartition, String>,
    /// Partitions that get no further, and nobody knows why.
    stuck: BTreeMap<TopicPartition, String>,
    /// Partitions of which nothing comes, though their logs go on.
    silent: BTreeMap<TopicPartition, String>,
    /// Records whose handlers keep a lane's thread.
    lanes: BTreeMap<(TopicPartition, Offset), String>,
    pub(super) outcomes: Outcomes,
    pub(super) ledger: Ledger,
    pub(super) stores: Vec<NamedStore>,
}

impl State {
    pub(super) fn readiness(&self) -> Readiness {
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
        reasons.extend(self.silent.iter().map(|(at, why)| format!("{at} is silent: {why}")));
        let records = self.stalled.iter().chain(&self.lanes);
        reasons.extend(
            records.map(|((at, offset), why)| format!("{at} is stuck at offset {offset}: {why}")),
        );
        Readiness { reasons }
    }

    /// Takes in what happened; says whether readiness may be another now.
    fn hear(&mut self, event: &RuntimeEvent) -> bool {
        let Some(at) = event.partition().cloned() else { return true };
        match event {
            RuntimeEvent::Started { .. } => {
                self.blocked.remove(&at);
                self.silent.remove(&at);
                self.assigned.insert(at);
            }
            RuntimeEvent::Ended { .. } | RuntimeEvent::Fenced { .. } => self.ended(&at),
            RuntimeEvent::Retrying { .. } => {
                self.outcomes.retried += 1;
                return false;
            }
            RuntimeEvent::OutagePaused { dependency, message, .. } => {
                self.blocked.insert(at, format!("{dependency} is down: {message}"));
            }
            RuntimeEvent::OutageOver { .. } => drop(self.blocked.remove(&at)),
            RuntimeEvent::OwnFailed { message, .. } => {
                self.blocked.insert(at, format!("ownership cannot be noted: {message}"));
            }
            RuntimeEvent::LeaseExpired { .. } => {
                self.waiting.insert(at, "no commit was accepted for long".to_owned());
            }
            RuntimeEvent::LeaseRenewed { .. } => drop(self.waiting.remove(&at)),
            RuntimeEvent::PartitionStuck { offset, doing, .. } => {
                self.stuck.insert(at, format!("no progress at offset {offset}, which is {doing}"));
            }
            RuntimeEvent::PartitionSilent { position, end, .. } => {
                let why = format!(
                    "nothing comes from offset {position} on, and its log goes on to {end}"
                );
                self.silent.insert(at, why);
            }
            RuntimeEvent::SilenceOver { .. } => drop(self.silent.remove(&at)),
            RuntimeEvent::PartitionMoves { .. } => drop(self.stuck.remove(&at)),
            RuntimeEvent::LaneStuck { offset, .. } => {
                let why = "its handler keeps the thread".to_owned();
                self.lanes.insert((at, *offset), why);
            }
            RuntimeEvent::LaneFree { offset, .. } => drop(self.lanes.remove(&(at, *offset))),
            RuntimeEvent::SettleStalled { offset, step, message, .. } => {
                self.stalled.insert((at, *offset), format!("{step:?} fails: {message}"));
            }
            _ => {}
        }
        true
    }

    /// The same for records that ended.
    fn settled(&mut self, partition: &TopicPartition, ended: &[(Offset, End)]) -> bool {
        let stalled = self.stalled.len();
        for (offset, end) in ended {
            if !self.stalled.is_empty() {
                self.stalled.remove(&(partition.clone(), *offset));
            }
            *self.count(*end) += 1;
        }
        self.stalled.len() < stalled
    }

    fn count(&mut self, end: End) -> &mut u64 {
        match end {
            End::Done => &mut self.outcomes.done,
            End::Duplicate => &mut self.outcomes.duplicate,
            End::Skipped => &mut self.outcomes.skipped,
            End::Dead => &mut self.outcomes.dead,
        }
    }

    fn ended(&mut self, partition: &TopicPartition) {
        self.assigned.remove(partition);
        self.blocked.remove(partition);
        self.waiting.remove(partition);
        self.stuck.remove(partition);
        self.silent.remove(partition);
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
        let changes = self.lock().settled(partition, ended);
        if changes {
            self.changed.notify_waiters();
        }
    }

    fn event(&self, event: &RuntimeEvent, _subject: Option<Subject<'_>>) {
        let changes = self.lock().hear(event);
        if changes {
            self.changed.notify_waiters();
        }
    }
}

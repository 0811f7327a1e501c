//! What a service's health remembers, and what it makes of what happens.

use std::collections::BTreeSet;
use std::time::Duration;

use super::troubles::{Place, Troubles};
use super::{Check, CheckName, Health, Outcomes, Phase};
use crate::consumer::core::{End, Ledger};
use crate::consumer::runtime::{NamedStore, Observer, Subject};
use crate::events::RuntimeEvent;
use crate::message::{Offset, TopicPartition};

/// What ends with the ownership of a partition. A handler that keeps its thread does so all the same.
const OF_OWNERS: [CheckName; 7] = [
    CheckName::Outage,
    CheckName::Ownership,
    CheckName::Lease,
    CheckName::Progress,
    CheckName::Silence,
    CheckName::Corruption,
    CheckName::Settling,
];

/// What ends with a start.
const OF_STARTS: [CheckName; 4] =
    [CheckName::Ownership, CheckName::Outage, CheckName::Silence, CheckName::Corruption];

/// What the stores said counts for so long; whoever shows readiness asks more often.
const PROBED: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct State {
    phase: Phase,
    /// Why it stopped, where that is not as it was asked.
    pub(super) failure: Option<String>,
    pub(super) assigned: BTreeSet<TopicPartition>,
    pub(super) troubles: Troubles,
    /// When the stores were asked last.
    probed: Option<Duration>,
    pub(super) outcomes: Outcomes,
    pub(super) ledger: Ledger,
    pub(super) stores: Vec<NamedStore>,
}

impl State {
    pub(super) const fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) fn enter(&mut self, phase: Phase, now: Duration) {
        if self.phase != phase {
            self.phase = phase;
            self.troubles.begin(CheckName::Lifecycle, now);
        }
        if phase == Phase::Stopped {
            self.assigned.clear();
        }
        self.count_assigned(now);
    }

    /// All checks but that of the loop, which the loop itself cannot make.
    pub(super) fn checks(&self, now: Duration) -> Vec<Check> {
        let check = |name| {
            let mut check = self.troubles.check(name, now);
            match name {
                CheckName::Lifecycle => check.reasons.extend(self.lifecycle()),
                CheckName::Store => self.age(&mut check, now),
                _ => {}
            }
            check
        };
        CheckName::ALL.iter().copied().map(check).collect()
    }

    fn lifecycle(&self) -> Option<String> {
        match self.phase {
            Phase::Starting => Some("the service is starting".to_owned()),
            Phase::Running => None,
            Phase::Draining => Some("the service is draining".to_owned()),
            Phase::Stopped => Some(match &self.failure {
                Some(failure) => format!("the service has stopped: {failure}"),
                None => "the service has stopped".to_owned(),
            }),
        }
    }

    /// An answer of the stores that is too old says nothing.
    fn age(&self, store: &mut Check, now: Duration) {
        let until = self.probed.map(|asked| asked.saturating_add(PROBED));
        if let Some(until) = until.filter(|until| *until < now && !store.is_ok()) {
            store.reasons.clear();
            store.age = now.saturating_sub(until);
        }
    }

    /// What the stores said.
    pub(super) fn probed(&mut self, reasons: Vec<String>, now: Duration) {
        let stale = self.checks(now).iter().any(|c| c.name == CheckName::Store && c.is_ok());
        if stale {
            self.troubles.clear_all(CheckName::Store, now);
        }
        self.probed = Some(now);
        self.troubles.replace(CheckName::Store, reasons, now);
    }

    /// Without a partition a running member does nothing.
    fn count_assigned(&mut self, now: Duration) {
        let (check, whole) = (CheckName::Assignment, Place::Whole(0));
        if self.phase == Phase::Running && self.assigned.is_empty() {
            self.troubles.set(check, whole, "no partition is assigned".to_owned(), now);
        } else {
            self.troubles.clear(check, &whole, now);
        }
    }

    /// Takes in what happened; says whether readiness may be another now.
    fn hear(&mut self, event: &RuntimeEvent, now: Duration) -> bool {
        match event {
            RuntimeEvent::Retrying { .. } => {
                self.outcomes.retried += 1;
                return false;
            }
            RuntimeEvent::LoopLate { .. } => self.troubles.begin(CheckName::Loop, now),
            RuntimeEvent::TopicGone { topic } => {
                let why = format!("topic {topic} is not there any more");
                self.troubles.set(CheckName::Topic, Place::Topic(topic.clone()), why, now);
            }
            RuntimeEvent::TopicBack { topic, .. } => {
                self.troubles.clear(CheckName::Topic, &Place::Topic(topic.clone()), now);
            }
            _ => self.hear_of_partition(event, now),
        }
        true
    }

    fn hear_of_partition(&mut self, event: &RuntimeEvent, now: Duration) {
        let Some(at) = event.partition() else { return };
        match event {
            RuntimeEvent::Started { .. } => {
                self.over(&OF_STARTS, at, now);
                self.assigned.insert(at.clone());
                self.count_assigned(now);
            }
            RuntimeEvent::Ended { .. } | RuntimeEvent::Fenced { .. } => {
                self.over(&OF_OWNERS, at, now);
                self.assigned.remove(at);
                self.count_assigned(now);
            }
            RuntimeEvent::OutageOver { .. } => self.over(&[CheckName::Outage], at, now),
            RuntimeEvent::LeaseRenewed { .. } => self.over(&[CheckName::Lease], at, now),
            RuntimeEvent::SilenceOver { .. } => self.over(&[CheckName::Silence], at, now),
            RuntimeEvent::CorruptBatchOver { .. } => self.over(&[CheckName::Corruption], at, now),
            RuntimeEvent::PartitionMoves { .. } => self.over(&[CheckName::Progress], at, now),
            RuntimeEvent::LaneFree { offset, .. } => {
                let record = Place::Record(at.clone(), *offset);
                self.troubles.clear(CheckName::Lane, &record, now);
            }
            _ => self.trouble(event, at, now),
        }
    }

    fn over(&mut self, checks: &[CheckName], at: &TopicPartition, now: Duration) {
        self.troubles.clear_partition(checks, at, now);
    }

    /// The same for records that ended.
    fn settled(
        &mut self,
        partition: &TopicPartition,
        ended: &[(Offset, End)],
        now: impl Fn() -> Duration,
    ) -> bool {
        let mut changes = false;
        let stalled = self.troubles.has(CheckName::Settling);
        for (offset, end) in ended {
            if stalled {
                let record = Place::Record(partition.clone(), *offset);
                changes |= self.troubles.clear(CheckName::Settling, &record, now());
            }
            *self.count(*end) += 1;
        }
        changes
    }

    fn count(&mut self, end: End) -> &mut u64 {
        match end {
            End::Done => &mut self.outcomes.done,
            End::Duplicate => &mut self.outcomes.duplicate,
            End::Skipped => &mut self.outcomes.skipped,
            End::Dead => &mut self.outcomes.dead,
        }
    }
}

impl Observer for Health {
    fn settled<'a>(
        &self,
        partition: &TopicPartition,
        ended: &[(Offset, End)],
        _: &dyn Fn(Offset) -> Option<Subject<'a>>,
    ) {
        let changes = self.lock().settled(partition, ended, || self.now());
        if changes {
            self.changed.notify_waiters();
        }
    }

    fn event(&self, event: &RuntimeEvent, _subject: Option<Subject<'_>>) {
        let changes = self.lock().hear(event, self.now());
        if changes {
            self.changed.notify_waiters();
        }
    }
}

//! What of the cluster is away, and until when.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::fate::{Answer, Fate};
use super::faults::{Call, Process, Refusal, Site};
use crate::message::TopicPartition;

/// So long after a process goes on, it has heard nothing from the group: its heartbeat is on its way.
const ROUND_TRIP: Duration = Duration::from_millis(25);

/// The whole broker goes, and comes back: what was acknowledged is still there, and every membership.
///
/// Calls that have had no answer leave their caller in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// How long it is away.
    pub lasts: Duration,
    /// Whether calls wait until it is back; else they are refused meanwhile.
    pub calls_wait: bool,
    /// Whether what is on its way when it goes arrives when it is back; else it never does.
    pub on_the_way_arrives: bool,
}

#[derive(Debug, Default)]
pub(super) struct Outages {
    broker: Option<(Instant, Outage)>,
    coordinator: Option<(Instant, Refusal)>,
    leaders: BTreeMap<TopicPartition, Instant>,
    /// Processes that went on a moment ago: they have heard nothing yet.
    deaf: BTreeMap<Process, Instant>,
    /// How often the broker has gone.
    pub(super) count: u64,
}

impl Outages {
    pub(super) fn broker_goes(&mut self, outage: Outage, now: Instant) -> Instant {
        self.count += 1;
        let back = now + outage.lasts;
        self.broker = Some((back, outage));
        back
    }

    pub(super) fn coordinator_goes(&mut self, lasts: Duration, why: Refusal, now: Instant) {
        self.coordinator = Some((now + lasts, why));
    }

    pub(super) fn leader_goes(&mut self, partition: TopicPartition, lasts: Duration, now: Instant) {
        self.leaders.insert(partition, now + lasts);
    }

    pub(super) fn process_goes_on(&mut self, process: Process, now: Instant) {
        self.deaf.insert(process, now + ROUND_TRIP);
    }

    /// When the broker is back, if it is away.
    pub(super) fn broker_back(&self, now: Instant) -> Option<Instant> {
        self.broker.map(|(back, _)| back).filter(|back| *back > now)
    }

    /// Whether no group speaks to this process now.
    pub(super) fn is_deaf(&self, process: Process, now: Instant) -> bool {
        self.deaf.get(&process).is_some_and(|until| *until > now) || self.groups_back(now).is_some()
    }

    /// When somebody speaks for the groups again, if nobody does.
    pub(super) fn groups_back(&self, now: Instant) -> Option<Instant> {
        let coordinator = self.coordinator.map(|(back, _)| back).filter(|back| *back > now);
        coordinator.max(self.broker_back(now))
    }

    /// When the partition can be read and written again, if it cannot.
    pub(super) fn leader_back(&self, partition: &TopicPartition, now: Instant) -> Option<Instant> {
        self.leaders.get(partition).copied().filter(|back| *back > now)
    }

    /// When the next of all of these is back.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        let one = [self.broker.map(|(back, _)| back), self.coordinator.map(|(back, _)| back)];
        let more = self.leaders.values().chain(self.deaf.values()).copied();
        one.into_iter().flatten().chain(more).filter(|back| *back > now).min()
    }

    /// What an outage makes of a call.
    pub(super) fn befall(&self, fate: &mut Fate, site: &Site<'_>, now: Instant) {
        if site.call.is_local() || self.next(now).is_none() {
            return;
        }
        if let Some(back) = site.partition.and_then(|at| self.leader_back(at, now))
            && reads_or_writes(site.call)
        {
            fate.wait_until(back);
        }
        if let Some((back, why)) = self.coordinator.filter(|(back, _)| *back > now) {
            match site.call {
                Call::Commit => fate.refuse(why),
                Call::Subscribe | Call::Revoked | Call::Close => fate.wait_until(back),
                _ => {}
            }
        }
        match self.broker.filter(|(back, _)| *back > now) {
            // A client says by itself that it gives back, as soon as it can say it.
            Some((back, outage)) if outage.calls_wait || site.call == Call::Revoked => {
                fate.wait_until(back);
            }
            Some((back, _)) if site.call == Call::Poll => fate.wait_until(back),
            Some(_) => fate.refuse(Refusal::Unavailable),
            None => {}
        }
        if fate.acts.is_none() && fate.answer == Answer::Result {
            fate.answer = Answer::Refused(Refusal::Unavailable);
        }
    }
}

const fn reads_or_writes(call: Call) -> bool {
    matches!(
        call,
        Call::Publish | Call::Fetch | Call::Watermarks | Call::OffsetForTime | Call::DeleteRecords
    )
}

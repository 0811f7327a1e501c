//! What one member of the group owns, and how events reach it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::broker::{Assignment, RevokeTicket};
use crate::consumer::core::budget::Budget;
use crate::consumer::core::commit::Committer;
use crate::consumer::core::cx::Cx;
use crate::consumer::core::drain::Drain;
use crate::consumer::core::partition::Partition;
use crate::consumer::core::pauses::Reason;
use crate::consumer::core::places::Pace;
use crate::consumer::core::stop::Stop;
use crate::consumer::core::{CoreConfig, Event, Facts, Ledger, LocalEpoch, WorkId};
use crate::events::RuntimeEvent;
use crate::message::TopicPartition;
use crate::planted::planted;

#[derive(Debug, Default)]
pub(super) struct Member {
    pub(super) partitions: BTreeMap<TopicPartition, Partition>,
    pub(super) committer: Committer,
    pub(super) revokes: Vec<Drain>,
    pub(super) stop: Stop,
    budget: Budget,
    pace: Pace,
    /// Partitions that are not owned now.
    past: Ledger,
    epoch: LocalEpoch,
    /// The partition that was served last: the next one comes first, so that none starves.
    served: Option<TopicPartition>,
    /// When the last event came.
    last: Duration,
}

impl Member {
    pub(super) fn step(&mut self, event: Event, cx: &mut Cx<'_>) {
        if self.stop.done() {
            return;
        }
        self.last = cx.now.elapsed;
        self.take(event, cx);
        self.tend(cx);
        self.fail_if_asked(cx);
        self.let_go(cx); // before the others are scheduled: what it frees is theirs
        self.partitions.values_mut().for_each(|partition| partition.tell_ended(cx));
        if !self.stop.done() {
            self.schedule(cx);
            self.balance(cx);
            self.committer.send(&mut self.partitions, cx);
        }
    }

    fn take(&mut self, event: Event, cx: &mut Cx<'_>) {
        match event {
            Event::Assigned(assignments) => self.assigned(assignments, cx),
            Event::Owned { partition, epoch, result } => {
                self.at(&partition, epoch, |p| p.owned(result, cx));
            }
            Event::Delivered { partition, records } => {
                self.of(&partition, |p| p.deliver(&records, cx));
            }
            Event::OutOfRange { partition, position, watermarks } => self.of(&partition, |p| {
                if p.running() {
                    p.out_of_range("the position", position, watermarks, cx);
                }
            }),
            Event::Silent { partition, position, end } => {
                self.of(&partition, |p| p.silent(position, end, cx));
            }
            Event::SilenceOver { partition } => self.of(&partition, |p| p.breaks_silence(cx)),
            Event::CorruptBatch { partition, position, reason } => {
                self.of(&partition, |p| p.corrupt(position, reason, cx));
            }
            Event::CorruptBatchOver { partition } => self.of(&partition, |p| p.readable(cx)),
            Event::Ran { partition, epoch, answers } => {
                self.at(&partition, epoch, |p| p.ran(answers, cx));
            }
            Event::Stepped { work: WorkId { partition, epoch, offset }, step, result } => {
                self.at(&partition, epoch, |p| p.stepped(offset, step, result, cx));
            }
            Event::Scheduled { work: WorkId { partition, epoch, offset }, at } => {
                self.at(&partition, epoch, |p| p.scheduled(offset, at, cx));
            }
            Event::Noted { partition, epoch, notes, next, caught_up } => {
                self.at(&partition, epoch, |p| p.noted(notes, next, caught_up, cx));
            }
            Event::VoidStruck { partition, epoch, entries } => {
                self.at(&partition, epoch, |p| p.void_struck(&entries, cx));
            }
            Event::Recalled { partition, epoch, origin, found } => {
                self.at(&partition, epoch, |p| p.recalled(origin, found, cx));
            }
            Event::Committed(answers) => {
                self.committer.answered(answers, &mut self.partitions, cx);
            }
            Event::Revoking { partitions, within, ticket } => {
                self.revoking(&partitions, within, ticket, cx);
            }
            Event::Lost(partitions) => partitions.iter().for_each(|id| self.lose(id, cx)),
            Event::Timer => {}
            Event::Shutdown { within } => self.shut_down(within, cx),
        }
    }

    fn of(&mut self, id: &TopicPartition, act: impl FnOnce(&mut Partition)) {
        self.partitions.get_mut(id).map(act);
    }

    /// The epoch check: what belongs to an earlier ownership does not get in (rule 10).
    fn at(&mut self, id: &TopicPartition, epoch: LocalEpoch, act: impl FnOnce(&mut Partition)) {
        self.partitions.get_mut(id).filter(|p| p.epoch == epoch).map(act);
    }

    fn assigned(&mut self, assignments: Vec<Assignment>, cx: &mut Cx<'_>) {
        if self.stop.asked() {
            return;
        }
        for assignment in assignments {
            let id = assignment.partition.clone();
            self.lose(&id, cx); // rule 12: nothing of an earlier ownership is left
            self.epoch.0 += 1;
            let counts = self.past.remove(&id).unwrap_or_default();
            let mut partition = Partition::new(assignment, self.epoch, counts);
            partition.begin(cx);
            self.partitions.insert(id, partition);
        }
    }

    fn revoking(
        &mut self,
        ids: &[TopicPartition],
        within: Duration,
        ticket: RevokeTicket,
        cx: &mut Cx<'_>,
    ) {
        let mut leaving = BTreeMap::new();
        if planted!(RetainedStop) {
            self.partitions.values_mut().for_each(|partition| partition.drain(cx));
        }
        for id in ids {
            if let Some(partition) = self.partitions.get_mut(id) {
                partition.drain(cx);
                if planted!(FenceBeforeDrain) {
                    partition.cancel(cx);
                }
                leaving.insert(id.clone(), partition.epoch);
            }
        }
        self.revokes.push(Drain::new(Some(ticket), leaving, within, cx.now.elapsed));
    }

    /// Rule 11: cancelled at once, nothing is committed.
    fn lose(&mut self, id: &TopicPartition, cx: &mut Cx<'_>) {
        if planted!(LostGoesOn) {
            return;
        }
        if let Some(partition) = self.partitions.remove(id) {
            self.ended(partition, true, cx);
        }
    }

    pub(super) fn ended(&mut self, mut partition: Partition, lost: bool, cx: &mut Cx<'_>) {
        partition.cancel(cx);
        partition.counts.cut();
        self.past.insert(partition.id.clone(), partition.counts);
        cx.tell(RuntimeEvent::Ended { partition: partition.id, lost });
    }

    /// Does what was waiting for this time.
    fn tend(&mut self, cx: &mut Cx<'_>) {
        for partition in self.partitions.values_mut() {
            if partition.wants_epoch() {
                self.epoch.0 += 1;
                partition.renew(self.epoch);
            }
            partition.tend_owning(cx);
            partition.tend_outage(cx);
            partition.tend_lease(cx);
            partition.tend_watch(cx);
            partition.tend_schedule(cx);
            while let Some(offset) = partition.tracker.due(cx.now.elapsed) {
                partition.wake(offset, cx);
            }
        }
    }

    /// Starts what may start: one record of each partition in turn, as long as anything starts.
    fn schedule(&mut self, cx: &mut Cx<'_>) {
        let mut taken: usize = self.partitions.values().map(|p| p.tracker.placed()).sum();
        let mut turn: Vec<_> = self.partitions.values_mut().collect();
        let first = turn.partition_point(|p| Some(&p.id) <= self.served.as_ref());
        turn.rotate_left(first);
        let (limit, begun) = (self.pace.limit(cx.now.elapsed, cx.config), taken);
        let mut any = true;
        while std::mem::take(&mut any) {
            for partition in &mut turn {
                let before = partition.tracker.placed();
                let place = taken + cx.config.ahead <= limit;
                if partition.start_next(place, cx) {
                    any = true;
                    taken += partition.tracker.placed() - before;
                    self.served = Some(partition.id.clone());
                }
            }
        }
        self.pace.hand_over(taken - begun);
        turn.into_iter().for_each(|partition| partition.park_behind(cx));
    }

    /// Hands out what was decided, and stops or goes on with delivery.
    fn balance(&mut self, cx: &mut Cx<'_>) {
        let full = self.budget.weigh(self.partitions.values(), cx.config);
        for partition in self.partitions.values_mut() {
            partition.send_starts(cx);
            partition.pauses.set(Reason::Budget, full);
            partition.tell_pauses(cx);
        }
    }

    pub(super) fn deadline(&self, config: &CoreConfig) -> Option<Duration> {
        if self.stop.done() {
            return None;
        }
        let partitions = self.partitions.values().filter_map(|p| p.deadline(config));
        let drains = self.revokes.iter().map(|drain| drain.deadline(self.last));
        let commit = self.committer.deadline(&self.partitions);
        partitions.chain(drains).chain(commit).chain(self.stop.deadline(self.last)).min()
    }

    pub(super) fn facts(&self) -> impl Iterator<Item = Facts<'_>> {
        self.partitions.values().map(Partition::facts)
    }

    pub(super) fn update_ledger(&self, ledger: &mut Ledger) {
        let owned = self.partitions.iter().map(|(id, partition)| (id, &partition.counts));
        for (id, counts) in self.past.iter().chain(owned) {
            match ledger.get_mut(id) {
                Some(known) => *known = *counts,
                None => drop(ledger.insert(id.clone(), *counts)),
            }
        }
    }

    /// I5, against what the trackers really hold.
    pub(super) fn conserved(&self) -> bool {
        let owned = |p: &Partition| p.counts.conserved() && p.counts.pending == p.pending() as u64;
        self.partitions.values().all(owned) && self.past.values().all(|counts| counts.conserved())
    }
}

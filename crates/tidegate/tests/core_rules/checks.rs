//! Every command, against the rules.

use tidegate::broker::CommitEntry;
use tidegate::consumer::core::metadata::CommitMetadata;
use tidegate::consumer::core::{Command, End, LocalEpoch, Start, Step, Stopped, WorkId};
use tidegate::events::RuntimeEvent;
use tidegate::message::TopicPartition;
use tidegate::policy::Order;

use crate::model::{Rec, Want};
use crate::world::{Part, SLOTS, World, key};

impl World {
    pub(crate) fn check(&mut self, command: Command) {
        match command {
            Command::Own { partition, epoch } => {
                self.retaken(&partition, epoch);
                self.check_epoch(&partition, epoch);
                self.owning.push((partition, epoch));
            }
            Command::Start { partition, epoch, from } => {
                self.check_epoch(&partition, epoch);
                let part = self.parts.get_mut(&partition).unwrap();
                assert!(part.accepted, "rule 10: nothing starts before a commit was accepted");
                assert!(
                    !part.started && from.0 == part.start,
                    "rule 12: from the committed offset"
                );
                part.started = true;
            }
            Command::Run { partition, epoch, starts } => {
                self.check_chains(&partition, epoch, &starts);
            }
            Command::Hold { partition, epoch } => {
                self.check_epoch(&partition, epoch);
                assert!(self.parts[&partition].draining, "rule 11: held for a drain");
            }
            Command::Lease { partition, epoch, until } => {
                self.check_epoch(&partition, epoch);
                let part = self.parts.get_mut(&partition).unwrap();
                assert!(until > part.lease, "rule 10: a lease only gets longer");
                part.lease = until;
            }
            Command::Step { work, step } => self.check_step(&work, &step),
            Command::Forget { partition, epoch, ended } => {
                for (offset, end) in ended {
                    let work = WorkId { partition: partition.clone(), epoch, offset };
                    self.check_forget(&work, end);
                }
            }
            Command::Cancel { partition, epoch } => self.check_cancel(&partition, epoch),
            Command::Pause(id) => self.check_pause(&id, true),
            Command::Resume(id) => self.check_pause(&id, false),
            Command::Commit(entries) => self.check_commit(entries),
            Command::Release(ticket) => {
                let (ids, _) = self.revokes.remove(&ticket).expect("an open ticket, once");
                for id in ids {
                    assert!(self.parts[&id].cancelled, "rule 11: let go only when nothing runs");
                    self.gone(&id);
                }
            }
            Command::Tell(event) => self.check_told(&event),
            Command::Stopped(how) => self.check_stopped(how),
            other => panic!("unknown command {other:?}"),
        }
    }

    /// Fenced by a store, and not by the group: a new ownership begins where the last one has come to (rule 10).
    fn retaken(&mut self, id: &TopicPartition, epoch: LocalEpoch) {
        let part = self.parts.get_mut(id).unwrap();
        if part.cancelled && !part.draining && part.epoch.is_some_and(|old| old < epoch) {
            part.begin_again(epoch);
        }
    }

    fn check_epoch(&mut self, id: &TopicPartition, epoch: LocalEpoch) {
        let part = self.parts.get_mut(id).unwrap();
        assert_eq!(*part.epoch.get_or_insert(epoch), epoch, "rule 10: of the present ownership");
        assert!(!part.cancelled);
    }

    fn live(&mut self, work: &WorkId) -> &mut Part {
        self.check_epoch(&work.partition, work.epoch);
        let part = self.parts.get_mut(&work.partition).unwrap();
        assert!(part.started && part.recs.contains_key(&work.offset.0), "delivered: {work:?}");
        part
    }

    /// Those that follow are begun when the one before them has ended plainly: see `World::finish`.
    fn check_chains(&mut self, partition: &TopicPartition, epoch: LocalEpoch, starts: &[Start]) {
        let mut before = None;
        for Start { offset, attempt, follows } in starts.iter().copied() {
            let work = WorkId { partition: partition.clone(), epoch, offset };
            self.check_handed_over(&work, attempt);
            if follows {
                let before = before.expect("the first follows nobody");
                assert!(!self.behind.contains_key(&before));
                self.behind.insert(before, work.clone());
            } else {
                self.begin(&work);
            }
            before = Some(work);
        }
    }

    fn check_handed_over(&mut self, work: &WorkId, attempt: u32) {
        let elapsed = self.elapsed;
        let part = self.live(work);
        assert!(!part.draining, "rule 11: nothing starts during a drain");
        assert!(elapsed < part.lease, "rule 10: nothing starts without a lease");
        let rec = part.recs.get_mut(&work.offset.0).unwrap();
        assert_eq!(rec.want, Want::Run, "{work:?}");
        assert_eq!(attempt, rec.failed + 1, "rules 20, 21: the count of {work:?}");
        assert!(elapsed >= rec.due, "rule 19: never early");
        rec.want = Want::Answer;
        rec.started = true;
    }

    /// A lane begins the attempt.
    pub(crate) fn begin(&mut self, work: &WorkId) {
        let order = |rec: &Rec| self.config.policies[rec.policy].order;
        let recs = &self.parts[&work.partition].recs;
        let (own, mine) = (order(&recs[&work.offset.0]), key(work.offset.0));
        let waits_for = |(offset, rec): (&u64, &Rec)| match (order(rec), own) {
            (Order::Partition, _) => true,
            (Order::Key, Order::Partition) => key(*offset).is_some(),
            (Order::Key, Order::Key) => mine.is_some() && key(*offset) == mine,
            _ => false,
        };
        let passed = recs.range(..work.offset.0).find(|rec| waits_for(*rec));
        assert!(passed.is_none(), "I3: {work:?} passes {passed:?}");
        assert!(self.runs.insert(work.clone()), "runs already");
    }

    fn check_step(&mut self, work: &WorkId, step: &Step) {
        let kind = step.kind();
        let elapsed = self.elapsed;
        assert!(elapsed < self.live(work).lease, "rule 10: nothing settles without a lease");
        let rec = self.live(work).recs.get_mut(&work.offset.0).unwrap();
        assert_eq!(rec.want, Want::Step(kind), "rule 4: {work:?}");
        if let Step::DeadLetter { attempts, .. } = step {
            assert_eq!(*attempts, rec.failed, "rule 21");
        }
        rec.want = Want::Answer;
        assert!(self.steps.insert(work.clone(), kind).is_none());
    }

    fn check_forget(&mut self, work: &WorkId, end: End) {
        let part = self.live(work);
        let rec = part.recs.remove(&work.offset.0).unwrap();
        assert_eq!(rec.want, Want::Forget(end), "rule 4: forgotten before it was settled");
        assert!(part.finished.insert(work.offset.0), "I5: ended twice");
        part.ever_finished.insert(work.offset.0);
    }

    fn check_cancel(&mut self, id: &TopicPartition, epoch: LocalEpoch) {
        let part = self.parts.get_mut(id).unwrap();
        if part.epoch.is_some_and(|now| now == epoch) || part.epoch.is_none() {
            assert!(!std::mem::replace(&mut part.cancelled, true), "cancelled twice");
        }
        let of = |work: &WorkId| work.partition == *id && work.epoch == epoch;
        self.late.extend(self.runs.iter().filter(|w| of(w)).map(|w| (w.clone(), None)));
        self.late
            .extend(self.steps.iter().filter(|(w, _)| of(w)).map(|(w, k)| (w.clone(), Some(*k))));
        if self.stopping.is_some() {
            self.cut += self.runs.iter().filter(|w| of(w)).count();
            self.cut += self.steps.keys().filter(|w| of(w)).count();
        }
        self.late.extend(self.behind.values().filter(|w| of(w)).map(|w| (w.clone(), None)));
        self.behind.retain(|work, _| !of(work));
        self.runs.retain(|work| !of(work));
        self.steps.retain(|work, _| !of(work));
        self.owning.retain(|(owned, e)| owned != id || *e != epoch);
    }

    fn check_pause(&mut self, id: &TopicPartition, pause: bool) {
        let part = self.parts.get_mut(id).unwrap();
        assert!(part.started && part.paused != pause, "told once, and only when started");
        part.paused = pause;
    }

    fn check_commit(&mut self, entries: Vec<CommitEntry>) {
        assert!(self.in_flight.is_none(), "rule 2: one in flight");
        for entry in &entries {
            let part = self.parts.get_mut(&entry.partition).unwrap();
            let offset = entry.committed.offset.0;
            let lowest = part.recs.keys().next().copied();
            assert!(
                lowest.is_none_or(|lowest| offset <= lowest),
                "I2: {offset} is above {lowest:?}"
            );
            let highest = part.delivered.map_or(part.start, |last| last + 1);
            assert!(offset <= highest, "rule 1: highest seen is {highest}");
            assert!(part.sent.is_none_or(|sent| offset >= sent), "I10");
            part.sent = Some(offset);
            check_metadata(entry, part);
        }
        self.in_flight = Some(entries);
    }

    fn check_told(&mut self, event: &RuntimeEvent) {
        match event {
            RuntimeEvent::Retrying { partition, offset, attempt, delay, .. } => {
                let due = self.elapsed + *delay;
                let rec = self.parts.get_mut(partition).unwrap().recs.get_mut(&offset.0).unwrap();
                assert_eq!((rec.want, *attempt), (Want::Retry, rec.failed));
                (rec.want, rec.due) = (Want::Run, due);
                rec.noted = (rec.failed, rec.unknown);
            }
            RuntimeEvent::Redelivered { .. } | RuntimeEvent::OutOfRange { .. } => {
                panic!("the broker did nothing wrong: {event:?}");
            }
            RuntimeEvent::MetadataIgnored { reason, .. } => panic!("it was ours: {reason}"),
            _ => {}
        }
    }

    fn check_stopped(&mut self, how: Stopped) {
        assert!(self.revokes.is_empty(), "every revoke is answered");
        match how {
            Stopped::Drained => assert_eq!(self.cut, 0, "rule 16: drained means that nothing runs"),
            Stopped::Deadline { unfinished } => assert!(unfinished >= self.cut),
            Stopped::Failed { ref reason } => panic!("nobody said so: {reason}"),
        }
        self.stopped = Some(how);
    }

    /// What must hold between any two events.
    pub(crate) fn check_at_rest(&self) {
        for (id, part) in
            self.parts.iter().filter(|(_, part)| !part.cancelled && part.epoch.is_some())
        {
            let hanging = |want: &Want| matches!(want, Want::Forget(_) | Want::Retry);
            let rec = part.recs.iter().find(|(_, rec)| hanging(&rec.want));
            assert!(rec.is_none(), "{id}: {rec:?} was to follow at once");
        }
        let unordered = |work: &&WorkId| {
            let policy = self.parts[&work.partition].recs[&work.offset.0].policy;
            self.config.policies[policy].order != Order::Partition
        };
        assert!(self.runs.iter().filter(unordered).count() <= SLOTS, "rule 14: max in flight");
        assert!(self.core.ledger().values().all(|counts| counts.conserved()), "I5");
        if let Some(deadline) = self.core.deadline() {
            assert!(deadline > self.elapsed, "a deadline that has come was not dealt with");
        }
    }
}

/// Rules 20, 21: what has failed is named, with its exact count, for the next owner.
fn check_metadata(entry: &CommitEntry, part: &Part) {
    assert!(entry.committed.metadata.len() <= 4096, "rule 8");
    let metadata = CommitMetadata::decode(&entry.committed.metadata).unwrap();
    for (offset, rec) in part.recs.iter().filter(|(_, rec)| rec.want == Want::Run && rec.failed > 0)
    {
        let named = metadata.retries.iter().find(|retry| retry.offset.0 == *offset);
        assert_eq!(named.map(|retry| retry.attempts), Some(rec.failed), "rule 20: {offset}");
    }
    for (offset, (failed, _, _)) in &part.inherited {
        let named = metadata.retries.iter().find(|retry| retry.offset.0 == *offset);
        let kept = named.map(|retry| retry.attempts) == Some(*failed);
        assert!(kept || *offset < entry.committed.offset.0, "rule 20: {offset} was inherited");
    }
    for (from, to) in metadata.done.ranges() {
        let mut records = part.log.iter().filter(|offset| (from.0..to.0).contains(offset));
        let lie = records.find(|offset| !part.ever_finished.contains(offset));
        assert_eq!(lie, None, "rule 8: it says that this is done");
    }
}

//! Arbitrary events in arbitrary order; after them everything heals, and everything must end.

use std::time::Duration;

use proptest::prelude::*;
use tidegate::broker::{Committed, RevokeTicket};
use tidegate::consumer::core::{Event, OwnFailure, StepFailure, Stopped, Verdict, WorkId};
use tidegate::message::{Offset, TopicPartition};

use crate::model::Want;
use crate::rolls::{commit_result, pick, step_result, verdict};
use crate::world::{PARTITIONS, World, tp};

impl World {
    fn finish(&mut self, work: &WorkId, verdict: Verdict) {
        self.runs.remove(work);
        let routes = self.config.policies.clone();
        let rec =
            self.parts.get_mut(&work.partition).unwrap().recs.get_mut(&work.offset.0).unwrap();
        rec.finished(&verdict, &routes[rec.policy]);
        self.late.push((work.clone(), None));
        let plain = verdict.is_plain(routes[rec.policy].effects);
        let mut answers = vec![(work.offset, verdict)];
        let part = &self.parts[&work.partition];
        if !plain || part.draining || self.elapsed >= part.lease {
            answers.extend(self.give_back(work));
        }
        let (partition, epoch) = (work.partition.clone(), work.epoch);
        self.step(Event::Ran { partition, epoch, answers });
        if let Some(next) = self.behind.remove(work) {
            self.begin(&next);
        }
    }

    /// What a lane has not begun behind this record.
    fn give_back(&mut self, work: &WorkId) -> Vec<(Offset, Verdict)> {
        let (mut held, mut last) = (Vec::new(), work.clone());
        while let Some(next) = self.behind.remove(&last) {
            let recs = &mut self.parts.get_mut(&next.partition).unwrap().recs;
            recs.get_mut(&next.offset.0).unwrap().want = Want::Run;
            held.push((next.offset, Verdict::Held));
            last = next;
        }
        held
    }

    fn answer_step(&mut self, work: &WorkId, result: Result<bool, StepFailure>) {
        let step = self.steps.remove(work).unwrap();
        let routes = self.config.policies.clone();
        let rec =
            self.parts.get_mut(&work.partition).unwrap().recs.get_mut(&work.offset.0).unwrap();
        rec.stepped(step, &result, &routes[rec.policy]);
        self.late.push((work.clone(), Some(step)));
        self.step(Event::Stepped { work: work.clone(), step, result });
    }

    fn revoke(&mut self, ids: Vec<TopicPartition>, within: Duration) {
        let ticket = RevokeTicket(self.tickets);
        self.tickets += 1;
        let open =
            |id: &TopicPartition, w: &Self| !w.revokes.values().any(|(ids, _)| ids.contains(id));
        let ids: Vec<_> = ids.into_iter().filter(|id| self.owned(id) && open(id, self)).collect();
        for id in &ids {
            self.parts.get_mut(id).unwrap().draining = true;
        }
        self.revokes.insert(ticket, (ids.iter().cloned().collect(), self.elapsed + within));
        self.step(Event::Revoking { partitions: ids, within, ticket });
    }

    fn lose(&mut self, id: &TopicPartition) {
        for (ids, _) in self.revokes.values_mut() {
            ids.remove(id);
        }
        let epoch = self.parts[id].epoch;
        self.step(Event::Lost(vec![id.clone()]));
        assert!(epoch.is_none() || self.parts[id].cancelled, "rule 11: cancelled at once");
        self.gone(id);
    }

    /// Rules 10, 13: an answer to what is over changes nothing at all.
    fn late(&mut self, roll: u64) {
        let Some((work, step)) = pick(self.late.iter().cloned(), roll) else { return };
        let waits = self.behind.values().any(|behind| *behind == work);
        if waits || self.runs.contains(&work) || self.steps.contains_key(&work) {
            return;
        }
        let (ledger, deadline) = (self.core.ledger(), self.core.deadline());
        let count = match step {
            None => {
                let answers = vec![(work.offset, verdict(roll >> 8))];
                self.step(Event::Ran { partition: work.partition, epoch: work.epoch, answers })
            }
            Some(step) => self.step(Event::Stepped { work, step, result: step_result(roll >> 8) }),
        };
        assert_eq!(count, 0, "a late answer was heard");
        assert_eq!((ledger, deadline), (self.core.ledger(), self.core.deadline()));
    }

    fn run_to_deadline(&mut self) -> bool {
        let Some(deadline) = self.core.deadline() else { return false };
        self.elapsed = deadline;
        self.step(Event::Timer);
        true
    }

    fn act(&mut self, action: u8, roll: u64) {
        let id = tp((roll % u64::from(PARTITIONS)) as u32);
        let roll = roll >> 8;
        match action {
            0..8 if !self.owned(&id) => {
                if roll.is_multiple_of(4) {
                    self.other_member_commits(&id, roll >> 2);
                }
                self.assign(&id);
            }
            8..10 => {
                let ids = (0..PARTITIONS).filter(|n| roll >> n & 1 == 1).map(tp).collect();
                self.revoke(ids, Duration::from_millis(roll >> 8 & 0x1fff));
            }
            10..12 => self.lose(&id),
            12..30 => {
                self.deliver(&id, 1 + (roll % 6) as usize);
            }
            30..62 => {
                if let Some(work) = pick(self.runs.iter().cloned(), roll) {
                    self.finish(&work, verdict(roll >> 8));
                }
            }
            62..80 => {
                if let Some(work) = pick(self.steps.keys().cloned(), roll) {
                    self.answer_step(&work, step_result(roll >> 8));
                }
            }
            80..92 => self.answer_commit(|w, entry| commit_result(w.draw() >> 9, &entry.partition)),
            92..100 => {
                if let Some((partition, epoch)) = pick(self.owning.iter().cloned(), roll) {
                    self.owning.retain(|own| *own != (partition.clone(), epoch));
                    let failure = OwnFailure { message: "store down".into() };
                    let result = if roll & 0x300 == 0 { Err(failure) } else { Ok(()) };
                    self.step(Event::Owned { partition, epoch, result });
                }
            }
            100..112 => {
                self.run_to_deadline();
            }
            112..118 => {
                self.elapsed += Duration::from_millis(roll % 400);
                self.step(Event::Timer);
            }
            118..124 => self.late(roll),
            124..126 => self.skew += (roll % 7_200_000) as i64 - 3_600_000,
            _ => {}
        }
    }

    /// While the partition was elsewhere, somebody got further.
    fn other_member_commits(&mut self, id: &TopicPartition, roll: u64) {
        let part = self.parts.get_mut(id).unwrap();
        let offset = part.log[roll as usize % part.log.len()];
        if part.committed.as_ref().is_none_or(|c| c.offset.0 < offset) {
            part.committed = Some(Committed { offset: Offset(offset), metadata: String::new() });
        }
    }

    /// One thing after another, all of it well; false when nothing is left but time, and the commits that keep leases.
    fn do_well(&mut self) -> bool {
        if self.in_flight.is_some() {
            self.answer_commit(|_, _| Ok(()));
            self.idle += 1;
            return self.idle < 200;
        }
        if let Some((partition, epoch)) = self.owning.pop() {
            self.step(Event::Owned { partition, epoch, result: Ok(()) });
        } else if let Some(work) = self.runs.first().cloned() {
            self.finish(&work, Verdict::Done { emits: true });
        } else if let Some(work) = self.steps.keys().next().cloned() {
            self.answer_step(&work, Ok(false));
        } else {
            let delivered = (0..PARTITIONS).any(|n| self.deliver(&tp(n), 4));
            return if delivered { self.active() } else { self.pass() };
        }
        self.active()
    }

    fn active(&mut self) -> bool {
        self.idle = 0;
        true
    }

    /// Lets time pass; false when nothing else has happened for longer than anything waits.
    fn pass(&mut self) -> bool {
        self.idle += 1;
        self.idle < 200 && self.run_to_deadline()
    }

    fn settle_down(&mut self) {
        self.idle = 0;
        for _ in 0..20_000 {
            if !self.do_well() || self.stopped.is_some() {
                return;
            }
        }
        panic!("I7: it never comes to rest");
    }

    /// Liveness: every partition is ours, nothing fails: lag 0, and committed.
    fn heal(&mut self) {
        self.settle_down();
        assert!(self.revokes.is_empty(), "rule 11: every revoke is answered");
        for id in (0..PARTITIONS).map(tp) {
            if self.parts[&id].cancelled {
                self.lose(&id);
            }
            if !self.owned(&id) {
                self.assign(&id);
            }
        }
        self.settle_down();
        for part in self.parts.values() {
            let end = part.log[part.log.len() - 1] + 1;
            let committed = part.committed.as_ref().map(|c| c.offset.0);
            assert_eq!(committed, Some(end), "I7: lag 0: {part:?}");
        }
        assert!(self.core.ledger().values().all(|counts| counts.pending == 0));
    }

    fn shut_down(&mut self, within: Duration) {
        for part in self.parts.values_mut() {
            part.draining = true;
        }
        self.stopping = Some(self.elapsed + within);
        self.step(Event::Shutdown { within });
    }
}

fn script() -> impl Strategy<Value = Vec<(u8, u64)>> {
    prop::collection::vec((0_u8..126, any::<u64>()), 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    // I2, I3, I5, I10, rules 1-4, 10-13, 20, 21 after each event; I7 at the end
    #[test]
    fn whatever_happens_the_rules_hold_and_it_drains_once_all_is_well(
        gaps: u64, script in script(),
    ) {
        let mut world = World::new(gaps);
        script.into_iter().for_each(|(action, roll)| world.act(action, roll));
        world.heal();
        world.shut_down(Duration::from_secs(5));
        world.settle_down();
        prop_assert_eq!(world.stopped, Some(Stopped::Drained));
    }

    // rule 16: it stops in time, whatever hangs
    #[test]
    fn a_shutdown_ends_in_time_although_nothing_is_answered(
        gaps: u64, script in script(), within in 0_u64..10_000,
    ) {
        let mut world = World::new(gaps);
        script.into_iter().for_each(|(action, roll)| world.act(action, roll));
        let busy = world.runs.len() + world.steps.len();
        world.shut_down(Duration::from_millis(within));
        while world.stopped.is_none() {
            prop_assert!(world.run_to_deadline(), "it hangs");
        }
        prop_assert!(world.stopping.is_some_and(|deadline| world.elapsed <= deadline));
        let cut = matches!(world.stopped, Some(Stopped::Deadline { unfinished }) if unfinished >= busy);
        prop_assert!(cut || busy == 0, "{:?} with {busy} busy", world.stopped);
    }
}

//! What a process does, as it is judged: each step is held against the truth.

use super::checks;
use super::underway::Underway;
use super::world::{Life, SESSION, lock};
use crate::broker::Watermarks;
use crate::inbox::{Claim, Marker};
use crate::message::{Offset, Record, TopicPartition};

/// An attempt, as it begins.
pub(super) struct Begun<'a> {
    pub(super) at: &'a TopicPartition,
    pub(super) offset: Offset,
    pub(super) attempt: u32,
    /// How many the route allows.
    pub(super) most: u32,
    pub(super) handler: &'a str,
}

impl Life {
    /// An attempt begins.
    pub(super) fn begins(&self, begun: &Begun<'_>) -> Underway {
        let Begun { at, offset, attempt, most, .. } = *begun;
        let (world, process) = (self.world(), self.process());
        world.note(|| format!("{process:?}: began {at} offset {offset}, attempt {attempt}"));
        let mut truth = lock(&world.truth);
        if world.checks("rule 10") {
            checks::rule_10_nothing_begins_unproven(&mut truth, process, at, offset, SESSION);
        }
        if world.checks("I3") {
            checks::i3_order_is_kept(&mut truth, process, at, offset);
        }
        if world.checks("I4") {
            checks::i4_what_is_covered_is_not_begun(&mut truth, process, at, offset);
        }
        if world.checks("rule 31") {
            checks::rule_31_what_is_dead_is_not_begun(&mut truth, process, at, offset);
        }
        if world.checks("rule 21") {
            checks::rule_21_failures_are_not_forgotten(
                &mut truth, process, at, offset, attempt, most,
            );
        }
        let stopped = self.clock().gate().is_shut();
        // Nothing that it begins now can be committed: it may happen again.
        let lost = stopped || !self.left_cut_off().is_zero();
        truth.learn(at, offset, |fact| {
            fact.begun.insert(process);
            fact.excused |= lost;
            fact.attempt = Some((process, attempt));
        });
        let underway = Underway::begin(self, &mut truth, begun, stopped);
        if world.checks("I6") {
            checks::i6_memory_is_bounded(&mut truth, process, world.limits);
        }
        underway
    }

    /// A handler without a store has ended well.
    pub(super) fn does(&self, at: &TopicPartition, offset: Offset) {
        let mut truth = lock(&self.world().truth);
        if self.world().checks("I4") {
            checks::i4_repeats_only_what_was_cut_off(&mut truth, self.process(), at, offset);
        }
        truth.learn(at, offset, |fact| fact.effects += 1);
    }

    /// The store has committed a marker.
    pub(super) fn marked(&self, claim: &Claim, marker: &Marker) {
        let (world, process, id) = (self.world(), self.process(), claim.event_id.as_str());
        let mut truth = lock(&world.truth);
        match marker {
            Marker::Done => {
                if world.checks("I4") {
                    checks::i4_an_effect_happens_once(&mut truth, process, id);
                }
                truth.learn_of(id, |fact| fact.effects += 1);
                truth.marked(id);
            }
            Marker::Dead { .. } => {
                truth.marked_dead(id);
            }
        }
        drop(truth);
        world.note(|| format!("{process:?}: {marker:?} for {id}"));
    }

    /// A record was delivered.
    pub(super) fn takes(&self, record: &Record) {
        let mut truth = lock(&self.world().truth);
        let at = record.topic_partition();
        self.world()
            .note(|| format!("{:?}: was given {at} offset {}", self.process(), record.offset));
        truth.hands(self.process()).take(&at, record.offset, record.footprint());
        if self.world().checks("I6") {
            checks::i6_what_is_given_is_wanted(&mut truth, self.process(), &at);
            checks::i6_memory_is_bounded(&mut truth, self.process(), self.world().limits);
        }
    }

    /// The runtime says that an attempt was answered, or cut off.
    pub(super) fn is_over(&self, at: &TopicPartition, offset: Offset) {
        lock(&self.world().truth).hands(self.process()).is_over(at, offset);
    }

    /// The runtime says that a record waits in the schedule alone.
    pub(super) fn shelves(&self, at: &TopicPartition, offset: Offset) {
        let mut truth = lock(&self.world().truth);
        truth.hands(self.process()).is_over(at, offset);
        truth.hands(self.process()).put_down(at, offset);
    }

    /// The runtime says that a record came back from the schedule.
    pub(super) fn recalls(&self, at: &TopicPartition, offset: Offset) {
        lock(&self.world().truth).hands(self.process()).take(at, offset, 0);
    }

    /// The runtime says that a record has ended.
    pub(super) fn puts_down(&self, at: &TopicPartition, offset: Offset) {
        let mut truth = lock(&self.world().truth);
        truth.hands(self.process()).is_over(at, offset);
        let held = truth.hands(self.process()).put_down(at, offset);
        if self.world().checks("I5") {
            checks::i5_what_ends_was_held(&mut truth, self.process(), at, offset, held);
        }
    }

    /// Records of a partition are wanted from now on.
    pub(super) fn starts(&self, at: &TopicPartition) {
        let mut truth = lock(&self.world().truth);
        if self.world().checks("rule 10") {
            checks::rule_10_nothing_starts_unproven(&mut truth, self.process(), at);
        }
        truth.hands(self.process()).open(at);
    }

    /// A partition was given back or lost.
    pub(super) fn gave_back(&self, at: &TopicPartition, lost: bool) {
        let world = self.world();
        // Where calls fail or hang, a drain may come to its deadline.
        let smooth = lock(&world.planner).is_smooth();
        let mut truth = lock(&world.truth);
        let orderly = !lost && smooth && !truth.disturbed.contains(&self.process());
        if orderly && world.checks("rule 11") {
            checks::rule_11_a_drain_commits_what_is_done(&mut truth, self.process(), at);
        }
        truth.let_go(self.process(), at);
    }

    /// What is to be read next was deleted (rule 7): said of what can be read, it is a service that fails without a cause.
    pub(super) fn cannot_go_on(&self, at: &TopicPartition, position: Offset, bounds: Watermarks) {
        let mut truth = lock(&self.world().truth);
        let lost = truth.says_lost(self.process(), at, position, bounds);
        if !lost && self.world().checks("I7") {
            checks::i7_what_can_be_read_is_read(&mut truth, self.process(), at, position);
        }
    }

    /// A store knows another owner: the partition is taken anew.
    pub(super) fn fenced(&self, at: &TopicPartition) {
        lock(&self.world().truth).let_go(self.process(), at);
    }
}

impl super::truth::Truth {
    /// An ownership has ended: what it had begun may happen again, and is counted anew.
    fn let_go(&mut self, process: crate::testing::sim::Process, at: &TopicPartition) {
        self.excuse(process, Some(at));
        self.hands(process).let_go(at);
        let Some(book) = self.books.get_mut(at) else { return };
        let mine = |fact: &&mut super::truth::Fact| fact.attempt.is_some_and(|(p, _)| p == process);
        book.facts.values_mut().filter(mine).for_each(|fact| fact.attempt = None);
    }
}

//! What really happened, kept apart from what the runtime believes.

mod fact;
mod hands;
mod lost;

pub(super) use fact::{Book, Fact};
pub(super) use hands::{Cut, Hands, Limits, Running};

use std::collections::{BTreeMap, BTreeSet};

use crate::companion::entry::EntryId;
use crate::consumer::core::{Hold, Stamp};
use crate::message::{Offset, TopicPartition};
use crate::testing::chaos::world::PUBLISHER;
use crate::testing::sim::Process;

/// Something that must never be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant.
    pub invariant: &'static str,
    /// What was seen, with place and process.
    pub what: String,
}

/// Everything that happened so far.
#[derive(Debug, Default)]
pub(super) struct Truth {
    pub(super) books: BTreeMap<TopicPartition, Book>,
    /// Where the records of an event id stand: emitted twice, an event is two records.
    ids: BTreeMap<String, Vec<(TopicPartition, Offset)>>,
    /// Event ids that a store has as done.
    done_ids: BTreeSet<String>,
    /// Event ids that a store has as dead.
    dead_ids: BTreeSet<String>,
    pub(super) violations: Vec<Violation>,
    /// Processes that were killed, stopped, or lost partitions: what they had in flight may be repeated.
    pub(super) disturbed: BTreeSet<Process>,
    /// What each process has in its hands.
    pub(super) hands: BTreeMap<Process, Hands>,
    /// Which processes have said of which partitions that records are lost, and where the log begins.
    pub(super) lost: BTreeMap<Process, BTreeMap<TopicPartition, Offset>>,
    /// Keys that waited in the schedule when a process died or the group rebalanced.
    pub(super) parked: u64,
    /// How many records have ended: the world's progress.
    pub(super) ended: u64,
}

impl Truth {
    /// How many records the routes were given to read.
    pub(in crate::testing::chaos) fn written(&self) -> usize {
        self.books.values().map(|book| book.facts.len()).sum()
    }

    pub(in crate::testing::chaos) fn has_failed(&self) -> bool {
        !self.violations.is_empty()
    }

    /// A record for the routes is in the log.
    pub(super) fn write_down(
        &mut self,
        at: &TopicPartition,
        offset: Offset,
        id: &str,
        key: Option<Vec<u8>>,
    ) {
        let book = self.books.entry(at.clone()).or_default();
        let fact = Fact { key, ..Fact::default() };
        if book.facts.insert(offset, fact).is_none() {
            book.open.insert(offset);
            self.ids.entry(id.to_owned()).or_default().push((at.clone(), offset));
        }
        if self.done_ids.contains(id) {
            self.learn(at, offset, |fact| fact.marked = true);
        }
        if self.dead_ids.contains(id) {
            self.learn(at, offset, |fact| fact.marked_dead = true);
        }
    }

    pub(super) fn fact(&mut self, at: &TopicPartition, offset: Offset) -> Option<&mut Fact> {
        self.books.get_mut(at)?.facts.get_mut(&offset)
    }

    /// Changes what is known of a record.
    pub(super) fn learn(
        &mut self,
        at: &TopicPartition,
        offset: Offset,
        change: impl FnOnce(&mut Fact),
    ) {
        let Some(book) = self.books.get_mut(at) else { return };
        let Some(fact) = book.facts.get_mut(&offset) else { return };
        change(fact);
        if fact.is_finished() && book.open.remove(&offset) {
            self.ended += 1;
        }
    }

    /// A process dies, or the group is to share its partitions anew.
    pub(super) fn count_parked(&mut self) {
        let keys = self.books.values().map(|book| book.parked_keys() as u64);
        self.parked += keys.sum::<u64>();
    }

    /// A record waits in the schedule of its partition, by an entry there.
    pub(super) fn entry(&mut self, source: &TopicPartition, id: EntryId, at: Offset, hold: Hold) {
        if let Some(book) = self.books.get_mut(source) {
            book.entry(id, at, hold);
        }
    }

    /// An entry of a record is struck.
    pub(super) fn struck(
        &mut self,
        process: Process,
        source: &TopicPartition,
        id: EntryId,
        at: Offset,
    ) {
        // What an operator lets go is not run again by the owner, whether it has heard of that or not.
        let by_owner = process == PUBLISHER || self.owner(source) == Some(process);
        if let Some(book) = self.books.get_mut(source) {
            book.struck(id, at, by_owner);
        }
    }

    /// Whose commit the group has stored last.
    fn owner(&self, at: &TopicPartition) -> Option<Process> {
        let proven =
            |(process, hands): (&Process, &Hands)| Some((*hands.proven.get(at)?, *process));
        self.hands.iter().filter_map(proven).max().map(|(_, process)| process)
    }

    /// A dead letter of a record is in the log.
    pub(super) fn died(&mut self, at: &TopicPartition, offset: Offset) {
        if let Some(book) = self.books.get_mut(at) {
            book.dead.insert(offset);
        }
    }

    /// A record before this one that holds its key.
    pub(super) fn holder(&self, at: &TopicPartition, offset: Offset) -> Option<Offset> {
        let book = self.books.get(at)?;
        let fact = book.facts.get(&offset)?;
        let holds = |before: &&Offset| {
            let dead = &book.facts[*before];
            let alone = || {
                self.ids
                    .values()
                    .filter(|of| of.contains(&(at.clone(), **before)))
                    .all(|of| of.len() == 1)
            };
            dead.shares_order(fact) && (dead.holds_key(false) || dead.holds_key(true) && alone())
        };
        book.dead.range(..offset).find(holds).copied()
    }

    /// Keys that are held for an operator: by which record, and by what entries.
    pub(super) fn held(&self) -> Vec<(TopicPartition, Offset, Vec<Stamp>)> {
        let of_book = |(at, book): (&TopicPartition, &Book)| {
            let by = |dead: &Offset| (at.clone(), *dead, book.facts[dead].held_by());
            let held = book.dead.iter().map(by).filter(|(.., by)| !by.is_empty());
            held.collect::<Vec<_>>()
        };
        self.books.iter().flat_map(of_book).collect()
    }

    /// Changes what is known of all records of an event.
    pub(super) fn learn_of(&mut self, id: &str, change: impl Fn(&mut Fact)) {
        for (at, offset) in self.ids.get(id).cloned().unwrap_or_default() {
            self.learn(&at, offset, &change);
        }
    }

    /// What is known of all records of an event.
    pub(super) fn facts_of(&self, id: &str) -> impl Iterator<Item = &Fact> {
        let places = self.ids.get(id).into_iter().flatten();
        places.filter_map(|(at, offset)| self.books.get(at)?.facts.get(offset))
    }

    pub(super) fn is_done(&self, id: &str) -> bool {
        self.done_ids.contains(id)
    }

    /// A store has this event as done.
    pub(super) fn marked(&mut self, id: &str) {
        self.done_ids.insert(id.to_owned());
        self.learn_of(id, |fact| fact.marked = true);
    }

    /// A store has this event as dead; also of what is published only now.
    pub(super) fn marked_dead(&mut self, id: &str) {
        self.dead_ids.insert(id.to_owned());
        self.learn_of(id, |fact| fact.marked_dead = true);
    }

    /// A process was cut off, or gives a partition back: what it has begun, and no commit covers, may happen again.
    pub(super) fn excuse(&mut self, process: Process, only: Option<&TopicPartition>) {
        for (at, book) in &mut self.books {
            if only.is_some_and(|only| only != at) {
                continue;
            }
            for fact in book.facts.values_mut().filter(|fact| !fact.is_covered()) {
                fact.excused |= fact.begun.contains(&process);
            }
        }
    }

    pub(super) fn violated(&mut self, invariant: &'static str, what: String) {
        self.violations.push(Violation { invariant, what });
    }

    pub(super) fn hands(&mut self, process: Process) -> &mut Hands {
        self.hands.entry(process).or_default()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::consumer::core::{Fence, Stamp};
    use crate::message::{Partition, TopicName};
    use crate::testing::chaos::checks;

    /// Rule 22: what is struck is finished, once the owner can know of it.
    #[test]
    fn what_another_has_struck_may_be_begun_until_the_owner_has_read_it() {
        let at = TopicPartition::new(TopicName::new("jobs").unwrap(), Partition(0));
        let stamp = Stamp { attempt: 1, term: 1, write: 0 };
        let (entry, mut truth) = (EntryId { origin: Offset(0), stamp }, Truth::default());
        truth.write_down(&at, Offset(0), "e-1", None);
        truth.learn(&at, Offset(0), |fact| fact.covered = true);
        truth.entry(&at, entry, Offset(0), Hold::No);
        truth.hands(Process(2)).proven.insert(at.clone(), Instant::now());
        truth.struck(Process(1), &at, entry, Offset(1));
        checks::i4_what_is_covered_is_not_begun(&mut truth, Process(2), &at, Offset(0));
        assert_eq!(truth.violations, [], "the owner goes by the entry");
        let read = Fence { term: 2, end: Offset(2) };
        truth.books.get_mut(&at).unwrap().fenced(read);
        checks::i4_what_is_covered_is_not_begun(&mut truth, Process(2), &at, Offset(0));
        assert_eq!(truth.violations.len(), 1, "it has read that it is struck");
    }

    /// Rule 31: published again after the first copy was given up, an event is dead from the beginning.
    #[test]
    fn a_twin_of_what_is_dead_is_dead_when_it_comes() {
        let at = TopicPartition::new(TopicName::new("jobs").unwrap(), Partition(0));
        let mut truth = Truth::default();
        truth.write_down(&at, Offset(0), "e-1", None);
        truth.marked_dead("e-1");
        truth.write_down(&at, Offset(1), "e-1", None);
        checks::rule_31_what_is_dead_is_not_begun(&mut truth, Process(1), &at, Offset(1));
        let found: Vec<_> = truth.violations.iter().map(|found| found.invariant).collect();
        assert_eq!(found, ["rule 31"]);
    }
}

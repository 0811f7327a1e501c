//! What really happened, kept apart from what the runtime believes.

use std::collections::{BTreeMap, BTreeSet};

use crate::message::{Offset, TopicPartition};
use crate::policy::Order;
use crate::testing::sim::Process;

/// A record of a source topic.
#[derive(Debug, Clone, Default)]
pub(super) struct Fact {
    pub(super) key: Option<Vec<u8>>,
    pub(super) order: Order,
    /// Whether its handler has a store.
    pub(super) stored: bool,
    /// The store has it as done.
    pub(super) marked: bool,
    /// How often a handler without a store ended well.
    pub(super) effects: u32,
    pub(super) skipped: bool,
    /// Its dead letter is in the log.
    pub(super) dead: bool,
    /// The store has it as dead.
    pub(super) marked_dead: bool,
    /// Events that its handler emits when it ends well.
    pub(super) emits: u32,
    /// Of these in the log, each once.
    pub(super) emitted: BTreeSet<String>,
    /// An accepted commit says that it is finished.
    pub(super) covered: bool,
    /// Who has begun it.
    pub(super) begun: BTreeSet<Process>,
    /// Somebody who had begun it was cut off before a commit covered it: it may happen again (rule 27).
    pub(super) excused: bool,
}

impl Fact {
    /// Whether nothing is left to be done for it.
    pub(super) fn is_finished(&self) -> bool {
        let done = if self.stored { self.marked } else { self.effects > 0 };
        let emitted = self.emitted.len() >= self.emits as usize;
        let dead = self.dead && (!self.stored || self.marked_dead);
        self.skipped || dead || done && emitted
    }

    /// Whether one of the two waits for the other.
    pub(super) fn shares_order(&self, other: &Self) -> bool {
        match (self.order, other.order) {
            (Order::Partition, Order::Partition) => true,
            (Order::Partition, Order::Key) => other.key.is_some(),
            (Order::Key, Order::Partition) => self.key.is_some(),
            (Order::Key, Order::Key) => self.key.is_some() && self.key == other.key,
            _ => false,
        }
    }
}

/// One partition of a source topic.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) facts: BTreeMap<Offset, Fact>,
    /// Those of them that are not finished.
    pub(super) open: BTreeSet<Offset>,
    /// The highest offset that was ever committed.
    pub(super) committed: Offset,
}

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
    /// Where the record of an event id stands.
    pub(super) ids: BTreeMap<String, (TopicPartition, Offset)>,
    pub(super) violations: Vec<Violation>,
    /// Processes that were killed, stopped, or lost partitions: what they had in flight may be repeated.
    pub(super) disturbed: BTreeSet<Process>,
    /// Records that a process holds now.
    pub(super) holding: BTreeMap<Process, i64>,
    /// The most records that a process held at once.
    pub(super) held: BTreeMap<Process, i64>,
}

impl Truth {
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
        if fact.is_finished() {
            book.open.remove(&offset);
        }
    }

    /// A process was cut off, or gives a partition back: what it has begun, and no commit covers, may happen again.
    pub(super) fn excuse(&mut self, process: Process, only: Option<&TopicPartition>) {
        for (at, book) in &mut self.books {
            if only.is_some_and(|only| only != at) {
                continue;
            }
            for fact in book.facts.values_mut().filter(|fact| !fact.covered) {
                fact.excused |= fact.begun.contains(&process);
            }
        }
    }

    pub(super) fn violated(&mut self, invariant: &'static str, what: String) {
        self.violations.push(Violation { invariant, what });
    }
}

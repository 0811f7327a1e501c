//! One record of a source topic, and what became of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::companion::entry::EntryId;
use crate::consumer::core::{Fence, Hold, Stamp};
use crate::message::Offset;
use crate::policy::Order;
use crate::testing::sim::Process;

/// A record of a source topic.
#[derive(Debug, Clone, Default)]
pub(in crate::testing::chaos) struct Fact {
    pub(in crate::testing::chaos) key: Option<Vec<u8>>,
    pub(in crate::testing::chaos) order: Order,
    /// Whether its handler has a store.
    pub(in crate::testing::chaos) stored: bool,
    /// The store has it as done.
    pub(in crate::testing::chaos) marked: bool,
    /// How often an effect of it became durable: in the store, or by a handler without one that ended well.
    pub(in crate::testing::chaos) effects: u32,
    pub(in crate::testing::chaos) skipped: bool,
    /// Its dead letter is in the log.
    pub(in crate::testing::chaos) dead: bool,
    /// How many dead letters of it are in the log.
    pub(in crate::testing::chaos) letters: u32,
    /// The store has it as dead.
    pub(in crate::testing::chaos) marked_dead: bool,
    /// Events that its handler emits when it ends well.
    pub(in crate::testing::chaos) emits: u32,
    /// Of these in the log, each once.
    pub(in crate::testing::chaos) emitted: BTreeSet<String>,
    /// Its entries in the schedule that count, and where they stand.
    pub(in crate::testing::chaos) entries: BTreeMap<Stamp, Offset>,
    /// Those that come too late by the last commit, and where they stand: without what it says they count.
    pub(in crate::testing::chaos) void: BTreeMap<Stamp, Offset>,
    /// Entries that another process than the owner has struck, and where: the owner goes by an entry until it reads that, and may
    /// run the record.
    pub(in crate::testing::chaos) struck_by_others: BTreeMap<Stamp, Offset>,
    /// Whether it is to hold its key when it is dead-lettered.
    pub(in crate::testing::chaos) holds: bool,
    /// Those of its entries that hold its key; and whether they say that it is settled.
    pub(in crate::testing::chaos) held: BTreeMap<Stamp, bool>,
    /// An operator has let its key go.
    pub(in crate::testing::chaos) released: bool,
    /// An accepted commit says that it is finished, or waits in the schedule.
    pub(in crate::testing::chaos) covered: bool,
    /// Who has begun it.
    pub(in crate::testing::chaos) begun: BTreeSet<Process>,
    /// Somebody who had begun it was cut off before a commit covered it: it may happen again (rule 27).
    pub(in crate::testing::chaos) excused: bool,
    /// The last attempt's number, and in whose ownership.
    pub(in crate::testing::chaos) attempt: Option<(Process, u32)>,
}

impl Fact {
    /// Whether nothing is left to be done for it.
    pub(in crate::testing::chaos) fn is_finished(&self) -> bool {
        let done = if self.stored { self.marked } else { self.effects > 0 };
        let emitted = self.emitted.len() >= self.emits as usize;
        let dead = self.dead && (!self.stored || self.marked_dead);
        self.skipped || dead || done && emitted
    }

    /// Whether a commit says that it is finished, and nothing else says that it is not.
    pub(in crate::testing::chaos) fn is_covered(&self) -> bool {
        self.covered && self.entries.is_empty() && self.struck_by_others.is_empty()
    }

    /// Its entries, where the last one holds its key for an operator.
    pub(in crate::testing::chaos) fn held_by(&self) -> Vec<Stamp> {
        let last = self.entries.keys().next_back();
        let held = last.is_some_and(|last| self.held.get(last) == Some(&true));
        if held { self.entries.keys().copied().collect() } else { Vec::new() }
    }

    /// Whether those behind it in its key wait for an operator. `alone`: no other record has its event id, so that its marker is
    /// its own.
    pub(in crate::testing::chaos) fn holds_key(&self, alone: bool) -> bool {
        let done = if self.stored { self.marked } else { self.effects > 0 };
        let entry = self.held.keys().any(|stamp| self.entries.contains_key(stamp));
        let dead = self.dead && (!self.stored || self.marked_dead && alone);
        self.holds && self.key.is_some() && !self.released && !done && (entry || dead)
    }

    /// Whether one of the two waits for the other.
    pub(in crate::testing::chaos) fn shares_order(&self, other: &Self) -> bool {
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
pub(in crate::testing::chaos) struct Book {
    pub(in crate::testing::chaos) facts: BTreeMap<Offset, Fact>,
    /// Those of them that are not finished.
    pub(in crate::testing::chaos) open: BTreeSet<Offset>,
    /// Those of them that are dead-lettered, and may hold their keys.
    pub(in crate::testing::chaos) dead: BTreeSet<Offset>,
    /// Where the log begins: what lies below was deleted.
    pub(in crate::testing::chaos) start: Offset,
    /// The highest offset that was ever committed.
    pub(in crate::testing::chaos) committed: Offset,
    /// Of the last commit: which entries come too late.
    pub(in crate::testing::chaos) fence: Fence,
}

impl Book {
    /// A record waits, unless its entry comes too late.
    pub(in crate::testing::chaos) fn entry(&mut self, id: EntryId, at: Offset, hold: Hold) {
        let void = self.fence.voids(id.stamp, at);
        let Some(fact) = self.facts.get_mut(&id.origin) else { return };
        if void {
            fact.void.insert(id.stamp, at);
        } else {
            fact.entries.insert(id.stamp, at);
            if hold != Hold::No {
                fact.held.insert(id.stamp, hold == Hold::Key);
                fact.released = false;
            }
        }
    }

    /// An entry is struck, by the owner or by somebody else.
    pub(in crate::testing::chaos) fn struck(&mut self, id: EntryId, at: Offset, by_owner: bool) {
        let Some(fact) = self.facts.get_mut(&id.origin) else { return };
        let counted = fact.entries.remove(&id.stamp).is_some();
        fact.void.remove(&id.stamp);
        if by_owner {
            fact.struck_by_others.remove(&id.stamp);
        } else if counted {
            fact.struck_by_others.insert(id.stamp, at);
        }
    }

    /// An ownership has begun: what it has not read counts no more, and what was struck before, it has read of.
    pub(in crate::testing::chaos) fn fenced(&mut self, fence: Fence) {
        self.fence = fence;
        for fact in self.facts.values_mut() {
            let void = fact.entries.extract_if(.., |stamp, at| fence.voids(*stamp, *at));
            fact.void.extend(void);
            fact.struck_by_others.retain(|_, at| *at >= fence.end);
        }
    }

    /// All of it is committed, and nothing waits in the schedule.
    pub(in crate::testing::chaos) fn is_through(&self) -> bool {
        let committed = self.facts.last_key_value().is_none_or(|(last, _)| self.committed > *last);
        committed && self.waiting().next().is_none()
    }

    /// Keys of which a record has failed and waits, and another one waits behind it.
    pub(in crate::testing::chaos) fn parked_keys(&self) -> usize {
        let mut keys: BTreeMap<&[u8], [bool; 2]> = BTreeMap::new();
        for fact in self.facts.values() {
            let (Some(key), Some(stamp)) = (fact.key.as_deref(), fact.entries.keys().max()) else {
                continue;
            };
            keys.entry(key).or_default()[usize::from(stamp.attempt > 0)] = true;
        }
        keys.into_values().filter(|found| *found == [true; 2]).count()
    }

    /// What waits in the schedule, and where its entry stands.
    pub(in crate::testing::chaos) fn waiting(
        &self,
    ) -> impl Iterator<Item = (Offset, Stamp, Offset)> {
        let entries = |(origin, fact): (&Offset, &Fact)| {
            let origin = *origin;
            fact.entries.clone().into_iter().map(move |(stamp, at)| (origin, stamp, at))
        };
        self.facts.iter().flat_map(entries)
    }
}

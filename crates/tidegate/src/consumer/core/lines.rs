//! Who waits for whom: the order of one partition's records (rule 23).
//!
//! ```text
//!             ┌─ a record of `Order::Partition` waits here for every ordered record before it,
//!             │  and everything behind it waits here for it
//!  arrive ─▶ intake ─▶ admitted ─┬─ first of its key, or of no key ─▶ ready ─▶ its turn
//!                                └─ not the first: linked behind the one before it
//! ```
//!
//! A key's records form a chain through the records themselves (`Work::next`); here is only its first and last. So a key
//! that waits costs nothing to the others, and no list is made for a key.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use crate::consumer::core::window::Window;
use crate::consumer::core::work::{Unit, Work};
use crate::message::Offset;

/// The lines of one ownership.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Arrived, and not admitted.
    intake: VecDeque<Offset>,
    /// Admitted, never tried, and nobody before them in their unit.
    ready: VecDeque<Offset>,
    /// The same, tried before: these come first, in offset order.
    again: BTreeSet<Offset>,
    /// The record of `Order::Partition` whose turn it is.
    turn: Option<Offset>,
    /// First and last record of each key that has unfinished records. Never iterated: its order is arbitrary.
    keys: HashMap<u64, Ends, BuildHasherDefault<AsItIs>>,
    /// Admitted and unfinished records of `Order::Partition`: more than one only when they run as a chain.
    barriers: usize,
    /// Admitted and unfinished records that others may have to wait for.
    ordered: usize,
}

#[derive(Debug)]
struct Ends {
    first: Offset,
    last: Offset,
}

impl Lines {
    /// A record has arrived, behind all others.
    pub(super) fn arrive(&mut self, offset: Offset, works: &mut Window<Work>) {
        self.intake.push_back(offset);
        self.admit(works);
    }

    fn admit(&mut self, works: &mut Window<Work>) {
        while let Some(offset) = self.intake.front().copied().filter(|_| self.barriers == 0) {
            let Some(unit) = works.get(offset).map(|work| work.unit) else { return };
            if unit == Unit::Partition && self.ordered > 0 {
                return;
            }
            self.intake.pop_front();
            self.enter(offset, unit, works);
        }
    }

    fn enter(&mut self, offset: Offset, unit: Unit, works: &mut Window<Work>) {
        self.ordered += usize::from(unit != Unit::Free);
        match unit {
            Unit::Partition => {
                self.barriers += 1;
                self.turn = Some(offset);
            }
            Unit::Free => self.ready.push_back(offset),
            Unit::Key(key) => match self.keys.get_mut(&key) {
                Some(ends) => {
                    let last = std::mem::replace(&mut ends.last, offset);
                    works.get_mut(last).expect("a key's last is unfinished").next = Some(offset);
                }
                None => {
                    self.keys.insert(key, Ends { first: offset, last: offset });
                    self.ready.push_back(offset);
                }
            },
        }
    }

    /// A record is finished and gone: whoever waited for it has its turn.
    pub(super) fn finish(&mut self, offset: Offset, work: &Work, works: &mut Window<Work>) {
        match work.unit {
            Unit::Free => return,
            Unit::Partition => self.barriers -= 1,
            Unit::Key(key) => self.pass_on(key, offset, work.next, works),
        }
        self.ordered -= 1;
        self.admit(works);
    }

    fn pass_on(&mut self, key: u64, from: Offset, to: Option<Offset>, works: &Window<Work>) {
        let Some(next) = to else {
            self.keys.remove(&key);
            return;
        };
        let ends = self.keys.get_mut(&key).expect("it has a record");
        debug_assert_eq!(ends.first, from, "I3: a key's first record ends first");
        ends.first = next;
        if works.get(next).is_some_and(|work| !work.state.busy()) {
            self.ready.push_back(next);
        }
    }

    /// Whether the record is the first of its key.
    pub(super) fn is_first(&self, offset: Offset, unit: Unit) -> bool {
        let Unit::Key(key) = unit else { return false };
        self.keys.get(&key).is_some_and(|ends| ends.first == offset)
    }

    pub(super) fn take_next(&mut self, place: bool, room: bool) -> Option<Offset> {
        if let Some(turn) = self.turn.take() {
            return Some(turn);
        }
        if !place {
            return None;
        }
        self.again.pop_first().or_else(|| if room { self.ready.pop_front() } else { None })
    }

    /// A record has its turn again.
    pub(super) fn again(&mut self, offset: Offset, works: &Window<Work>) {
        match works.get(offset).map(|work| work.unit) {
            Some(Unit::Partition) => self.turn = Some(offset),
            Some(_) => {
                self.again.insert(offset);
            }
            None => {}
        }
    }

    /// A record of the schedule: it waits for a place, and for nobody.
    pub(super) fn recall(&mut self, offset: Offset) {
        self.again.insert(offset);
    }

    /// The record that may run right after this one, because it waits for nobody else.
    pub(super) fn follower(&self, offset: Offset, works: &Window<Work>) -> Option<Offset> {
        let work = works.get(offset)?;
        match work.unit {
            Unit::Key(_) => work.next,
            Unit::Free => None,
            Unit::Partition => {
                let next = *self.intake.front()?;
                works.get(next).is_some_and(|work| work.unit == Unit::Partition).then_some(next)
            }
        }
    }

    /// The follower is taken along.
    pub(super) fn follow(&mut self, offset: Offset, works: &Window<Work>) {
        if works.get(offset).is_some_and(|work| work.unit == Unit::Partition) {
            debug_assert_eq!(self.intake.front(), Some(&offset), "the follower of the last");
            self.intake.pop_front();
            self.barriers += 1;
            self.ordered += 1;
        }
    }

    /// A record that was taken is given back untried; the last of several comes first.
    pub(super) fn give_back(&mut self, offset: Offset, works: &mut Window<Work>) {
        match works.get(offset).map(|work| work.unit) {
            // The first of its key has its turn; one behind it waits for the one before.
            Some(Unit::Key(key)) if self.keys.get(&key).is_none_or(|e| e.first != offset) => {}
            Some(Unit::Key(_) | Unit::Free) => {
                self.again.insert(offset);
            }
            Some(Unit::Partition) => {
                self.barriers -= 1;
                self.ordered -= 1;
                self.intake.push_front(offset);
                self.admit(works);
            }
            None => {}
        }
    }
}

/// The keys are hashes already.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only `u64` is hashed");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

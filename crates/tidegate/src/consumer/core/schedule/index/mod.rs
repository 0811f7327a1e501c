//! Which records of one ownership wait in the schedule, and whose turn it is (rules 22, 23).
//!
//! ```text
//!   noted ─▶ unreleased ── its source record's turn ─▶ waiting ── first of its key, and due ─▶ asked ─▶ out ─▶ settled: gone
//!                                                         ▲                                    │        │
//!                                                         └── cannot be read, or failed again ─┴────────┘
//! ```
//!
//! Inside a key the order is that of the origin offsets, whatever order the entries were written in.
//!
//! It is complete in memory, so it is small: 48 bytes for an entry at most, of which 42 are its slot. Who is found by what:
//!
//! ```text
//!   origin ─▶ buckets (1 byte) ─▶ ┌──────────────────────────────────┐ ◀── heap of those that may run (4 bytes)
//!   key ───▶ buckets (½ byte) ──▶ │ slots, linked through themselves │
//!                                 └──────────────────────────────────┘
//! ```
//!
//! Beside that stand the few that wait for their source record's turn: what was scheduled above an earlier owner's last commit.

mod api;
mod hold;
mod keys;
mod pages;
mod slab;
mod slot;
mod stamps;
mod table;
#[cfg(test)]
mod tests;
mod timers;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::consumer::core::schedule::Stamp;
use crate::message::Offset;

use keys::Keys;
use slab::Slab;
use slot::{Place, Slot};
use stamps::Stamps;
use table::{ByOrigin, Table};
use timers::Timers;

pub(in crate::consumer::core) use slot::ShortKey;

/// How far an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::consumer::core) enum Stage {
    /// Its source record has not had its turn: what stands before it in the source may be unfinished.
    Unreleased,
    /// For its time, or for those before it in its key.
    Waiting,
    /// The driver is to bring its record.
    Asked,
    /// The record is here: it runs, or is about to.
    Out,
}

/// What is known of an entry when it is noted.
#[derive(Debug, Clone, Copy)]
pub(in crate::consumer::core) struct Fresh {
    /// Which writing of it.
    pub(in crate::consumer::core) stamp: Stamp,
    /// Where it stands in the companion.
    pub(in crate::consumer::core) at: Offset,
    /// When it is due, on the clock of [`Now::elapsed`](crate::consumer::core::Now::elapsed).
    pub(in crate::consumer::core) due: Duration,
    /// A hash of its key, where the order of keys counts.
    pub(in crate::consumer::core) key: Option<u64>,
    pub(in crate::consumer::core) size: usize,
    /// It is never due, and holds its key.
    pub(in crate::consumer::core) held: bool,
}

/// The entries of one ownership.
#[derive(Debug, Default)]
pub(in crate::consumer::core) struct Index {
    slab: Slab,
    stamps: Stamps,
    origins: Table<ByOrigin>,
    keys: Keys,
    /// `None`: nothing is asked for yet, and it is made when [`begin`](Self::begin) says so.
    timers: Option<Timers>,
    unreleased: BTreeSet<Offset>,
    /// Asked for, or out.
    away: usize,
    /// Keys that are held: such entries are not pending. Those that wait for their source record are left out.
    held: usize,
    /// Where the last entry of a key was that stood before a record of `Order::Partition`.
    witness: usize,
}

impl Index {
    /// Everything that was there at the start is noted: from now on it may be asked what is due.
    pub(in crate::consumer::core) fn begin(&mut self) {
        if self.timers.is_some() {
            return;
        }
        let mut timers = Timers::default();
        for place in 0..self.slab.places() {
            if self.slab.used(place).is_some() && self.is_armed(place as Place) {
                timers.push(place as Place, &self.slab);
            }
        }
        self.timers = Some(timers);
    }

    fn place(&self, origin: Offset) -> Option<Place> {
        self.origins.find(origin.0, &self.slab)
    }

    fn slot(&self, origin: Offset) -> Option<&Slot> {
        self.place(origin).map(|place| self.slab.at(place))
    }

    fn first(&self, key: ShortKey) -> Option<Place> {
        self.keys.first(key, &self.slab)
    }

    /// It may run when its time has come, if it waits, and nobody of its key is before it.
    fn is_armed(&self, place: Place) -> bool {
        let slot = self.slab.at(place);
        let first = || slot.key().is_none_or(|key| self.first(key) == Some(place));
        slot.stage() == Stage::Waiting && !slot.is_held() && first()
    }

    /// It was not armed, and may be now. Before [`begin`](Self::begin) nobody is: the first of a key, which is dear to find, is not asked for.
    fn arm(&mut self, place: Place) {
        if self.timers.is_some()
            && self.is_armed(place)
            && let Some(timers) = &mut self.timers
        {
            timers.push(place, &self.slab);
        }
    }

    fn disarm(&mut self, place: Place) {
        if self.timers.is_some()
            && self.is_armed(place)
            && let Some(timers) = &mut self.timers
        {
            timers.remove(place, &self.slab);
        }
    }

    fn insert(&mut self, origin: Offset, fresh: Fresh, stage: Stage) {
        let stamp = self.stamps.number(fresh.stamp);
        let place = self.slab.insert(Slot::new(origin, fresh, stamp, stage));
        self.origins.insert(place, &mut self.slab);
        self.held += self.holds(place);
        if let Some(key) = fresh.key.map(ShortKey::of) {
            if let Some(first) = self.first(key)
                && origin < self.slab.at(first).origin.offset()
            {
                self.disarm(first);
            }
            self.keys.enter(key, place, &mut self.slab);
        }
        self.arm(place);
    }

    /// Gives its key, and whether it was the first of it.
    fn take(&mut self, place: Place) -> Option<(ShortKey, bool)> {
        self.disarm(place);
        self.held -= self.holds(place);
        let key = self.slab.at(place).key();
        let of = key.map(|key| (key, self.first(key) == Some(place)));
        if let Some(key) = key {
            self.keys.leave(key, place, &mut self.slab);
        }
        self.origins.remove(place, &mut self.slab);
        self.slab.remove(place);
        if self.slab.len() == 0 {
            self.give_back();
        }
        of
    }

    /// Nobody waits: nor does memory.
    fn give_back(&mut self) {
        let timers = self.timers.take().map(|_| Timers::default());
        *self = Self { timers, ..Self::default() };
    }
}

//! The index as maps: large, and plain to see through.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::super::{Fresh, Stage};
use crate::consumer::core::schedule::Stamp;
use crate::message::Offset;

/// One record that waits.
#[derive(Debug)]
pub(super) struct Entry {
    fresh: Fresh,
    stage: Stage,
}

/// The entries of one ownership.
#[derive(Debug, Default)]
pub(super) struct Model {
    entries: BTreeMap<Offset, Entry>,
    /// Who waits for whom: by key, then by origin.
    keys: BTreeSet<(u64, Offset)>,
    /// Bytes that wait, by key. Never iterated: its order is arbitrary.
    bytes: HashMap<u64, usize>,
    /// Entries that may run when their time has come.
    timers: BTreeSet<(Duration, Offset)>,
    unreleased: BTreeSet<Offset>,
    /// Asked for, or out.
    away: usize,
}

impl Model {
    /// Notes an entry. The highest attempt of a record counts (rule 22). `released`: its source record has had its turn.
    pub(super) fn note(&mut self, origin: Offset, fresh: Fresh, released: bool) -> Option<Stamp> {
        if let Some(known) = self.entries.get(&origin) {
            let known = known.fresh;
            if (fresh.stamp, fresh.at) <= (known.stamp, known.at) {
                return Some(fresh.stamp);
            }
            self.renew(origin, fresh);
            return Some(known.stamp);
        }
        let first = fresh.key.and_then(|key| self.first(key));
        if let Some(key) = fresh.key {
            self.keys.insert((key, origin));
            *self.bytes.entry(key).or_default() += fresh.size;
        }
        let stage = if released { Stage::Waiting } else { Stage::Unreleased };
        if !released {
            self.unreleased.insert(origin);
        }
        self.entries.insert(origin, Entry { fresh, stage });
        if let Some(first) = first.filter(|first| origin < *first) {
            self.disarm(first);
        }
        self.arm(origin);
        None
    }

    /// The next attempt of a record that is out is written: it waits again.
    pub(super) fn again(&mut self, origin: Offset, fresh: Fresh) {
        let Some(entry) = self.entries.get_mut(&origin) else { return };
        if matches!(entry.stage, Stage::Asked | Stage::Out) {
            self.away -= 1;
        }
        entry.stage = Stage::Waiting;
        self.renew(origin, fresh);
    }

    fn renew(&mut self, origin: Offset, fresh: Fresh) {
        self.disarm(origin);
        if let Some(entry) = self.entries.get_mut(&origin) {
            // What is measured by key stays as it was noted first.
            let (key, size) = (entry.fresh.key, entry.fresh.size);
            entry.fresh = Fresh { key, size, ..fresh };
        }
        self.arm(origin);
    }

    fn first(&self, key: u64) -> Option<Offset> {
        let mut of = self.keys.range((key, Offset(0))..=(key, Offset(u64::MAX)));
        of.next().map(|(_, origin)| *origin)
    }

    /// It may run when its time has come, if it waits, and nobody of its key is before it.
    fn arm(&mut self, origin: Offset) {
        let Some(entry) = self.entries.get(&origin) else { return };
        let first = entry.fresh.key.is_none_or(|key| self.first(key) == Some(origin));
        if first && entry.stage == Stage::Waiting && !entry.fresh.held {
            self.timers.insert((entry.fresh.due, origin));
        }
    }

    fn disarm(&mut self, origin: Offset) {
        if let Some(entry) = self.entries.get(&origin) {
            self.timers.remove(&(entry.fresh.due, origin));
        }
    }

    /// The source record has had its turn: all that stands before it in its unit of order is finished, or waits here too.
    pub(super) fn release(&mut self, origin: Offset) {
        if !self.unreleased.remove(&origin) {
            return;
        }
        if let Some(entry) = self.entries.get_mut(&origin) {
            entry.stage = Stage::Waiting;
        }
        self.arm(origin);
    }

    /// Whether source records are to come that wait in here already.
    pub(super) fn has_unreleased(&self) -> bool {
        !self.unreleased.is_empty()
    }

    /// Entries below this offset whose source record has not had its turn.
    pub(super) fn unreleased_below(&self, next: Offset) -> Vec<Offset> {
        self.unreleased.range(..next).copied().collect()
    }

    /// Takes the next entry whose time has come: the driver is to bring its record from there.
    pub(super) fn due(&mut self, now: Duration) -> Option<(Offset, Offset)> {
        let (due, _) = *self.timers.first()?;
        if due > now {
            return None;
        }
        let (_, origin) = self.timers.pop_first()?;
        let entry = self.entries.get_mut(&origin)?;
        entry.stage = Stage::Asked;
        self.away += 1;
        Some((origin, entry.fresh.at))
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        self.timers.first().map(|(due, _)| *due)
    }

    /// The record is here; false when it was not asked for.
    pub(super) fn brought(&mut self, origin: Offset) -> bool {
        let asked = self.entries.get_mut(&origin).filter(|entry| entry.stage == Stage::Asked);
        asked.is_some_and(|entry| {
            entry.stage = Stage::Out;
            true
        })
    }

    /// The record could not be brought: it is asked for again then.
    pub(super) fn ask_again(&mut self, origin: Offset, due: Duration) -> bool {
        let Some(entry) = self.entries.get_mut(&origin) else { return false };
        if entry.stage != Stage::Asked {
            return false;
        }
        (entry.stage, entry.fresh.due) = (Stage::Waiting, due);
        self.away -= 1;
        self.arm(origin);
        true
    }

    /// A record is settled, and its entry with it. Gives the key that it belonged to.
    pub(super) fn remove(&mut self, origin: Offset) -> Option<u64> {
        self.disarm(origin);
        let entry = self.entries.remove(&origin)?;
        self.unreleased.remove(&origin);
        if matches!(entry.stage, Stage::Asked | Stage::Out) {
            self.away -= 1;
        }
        let key = entry.fresh.key?;
        self.keys.remove(&(key, origin));
        let left = self.bytes.entry(key).or_default();
        *left -= entry.fresh.size;
        if *left == 0 {
            self.bytes.remove(&key);
        }
        if let Some(next) = self.first(key) {
            self.arm(next);
        }
        Some(key)
    }

    pub(super) fn stamp(&self, origin: Offset) -> Option<Stamp> {
        self.entries.get(&origin).map(|entry| entry.fresh.stamp)
    }

    pub(super) fn stage(&self, origin: Offset) -> Option<Stage> {
        self.entries.get(&origin).map(|entry| entry.stage)
    }

    /// Whether its source record has had its turn.
    pub(super) fn is_released(&self, origin: Offset) -> bool {
        self.stage(origin).is_some_and(|stage| stage != Stage::Unreleased)
    }

    /// Whether a record of this key waits for one before it.
    pub(super) fn blocks(&self, key: u64, offset: Offset) -> bool {
        self.first(key).is_some_and(|first| first < offset)
    }

    /// Whether a record of any key waits that stands before this one. Looks at all of them: it is asked only for a record that all
    /// others wait for.
    pub(super) fn any_key_below(&self, offset: Offset) -> bool {
        self.entries.range(..offset).any(|(_, entry)| entry.fresh.key.is_some())
    }

    /// Bytes of this key that wait.
    pub(super) fn bytes_of(&self, key: u64) -> usize {
        self.bytes.get(&key).copied().unwrap_or_default()
    }

    /// Asked for, or out.
    pub(super) fn away(&self) -> usize {
        self.away
    }

    /// Entries whose source record has had its turn: they are pending, and nobody else counts them.
    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.unreleased.len() - self.held()
    }

    pub(super) fn held(&self) -> usize {
        let held = |entry: &&Entry| entry.fresh.held && entry.stage != Stage::Unreleased;
        self.entries.values().filter(held).count()
    }

    pub(super) fn is_held(&self, origin: Offset) -> bool {
        self.entries.get(&origin).is_some_and(|entry| entry.fresh.held)
    }
}

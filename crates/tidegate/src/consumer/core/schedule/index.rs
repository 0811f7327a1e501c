//! Which records of one ownership wait in the schedule, and whose turn it is (rules 22, 23).
//!
//! ```text
//!   noted ─▶ unreleased ── its source record's turn ─▶ waiting ── first of its key, and due ─▶ asked ─▶ out ─▶ settled: gone
//!                                                         ▲                                    │        │
//!                                                         └── cannot be read, or failed again ─┴────────┘
//! ```
//!
//! Inside a key the order is that of the origin offsets, whatever order the entries were written in.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use crate::consumer::core::schedule::Stamp;
use crate::message::Offset;

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
}

/// One record that waits.
#[derive(Debug)]
pub(in crate::consumer::core) struct Entry {
    fresh: Fresh,
    stage: Stage,
}

/// The entries of one ownership.
#[derive(Debug, Default)]
pub(in crate::consumer::core) struct Index {
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

impl Index {
    /// Notes an entry. The highest attempt of a record counts (rule 22); gives the one of two that does not. `released`: its source
    /// record has had its turn.
    pub(in crate::consumer::core) fn note(
        &mut self,
        origin: Offset,
        fresh: Fresh,
        released: bool,
    ) -> Option<Fresh> {
        if let Some(known) = self.entries.get(&origin) {
            let known = known.fresh;
            if (fresh.stamp, fresh.at) < (known.stamp, known.at) {
                return Some(fresh);
            }
            self.renew(origin, fresh);
            return Some(known);
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
    pub(in crate::consumer::core) fn again(&mut self, origin: Offset, fresh: Fresh) {
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
        if first && entry.stage == Stage::Waiting {
            self.timers.insert((entry.fresh.due, origin));
        }
    }

    fn disarm(&mut self, origin: Offset) {
        if let Some(entry) = self.entries.get(&origin) {
            self.timers.remove(&(entry.fresh.due, origin));
        }
    }

    /// The source record has had its turn: all that stands before it in its unit of order is finished, or waits here too.
    pub(in crate::consumer::core) fn release(&mut self, origin: Offset) {
        if !self.unreleased.remove(&origin) {
            return;
        }
        if let Some(entry) = self.entries.get_mut(&origin) {
            entry.stage = Stage::Waiting;
        }
        self.arm(origin);
    }

    /// Whether source records are to come that wait in here already.
    pub(in crate::consumer::core) fn has_unreleased(&self) -> bool {
        !self.unreleased.is_empty()
    }

    /// Entries below this offset whose source record has not had its turn.
    pub(in crate::consumer::core) fn unreleased_below(&self, next: Offset) -> Vec<Offset> {
        self.unreleased.range(..next).copied().collect()
    }

    /// Takes the next entry whose time has come: the driver is to bring its record from there.
    pub(in crate::consumer::core) fn due(&mut self, now: Duration) -> Option<(Offset, Offset)> {
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

    pub(in crate::consumer::core) fn next_due(&self) -> Option<Duration> {
        self.timers.first().map(|(due, _)| *due)
    }

    /// The record is here; false when it was not asked for.
    pub(in crate::consumer::core) fn brought(&mut self, origin: Offset) -> bool {
        let asked = self.entries.get_mut(&origin).filter(|entry| entry.stage == Stage::Asked);
        asked.is_some_and(|entry| {
            entry.stage = Stage::Out;
            true
        })
    }

    /// The record could not be brought: it is asked for again then.
    pub(in crate::consumer::core) fn ask_again(&mut self, origin: Offset, due: Duration) -> bool {
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
    pub(in crate::consumer::core) fn remove(&mut self, origin: Offset) -> Option<u64> {
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

    /// Which writing of a record counts.
    pub(in crate::consumer::core) fn stamp(&self, origin: Offset) -> Option<Stamp> {
        self.entries.get(&origin).map(|entry| entry.fresh.stamp)
    }

    pub(in crate::consumer::core) fn stage(&self, origin: Offset) -> Option<Stage> {
        self.entries.get(&origin).map(|entry| entry.stage)
    }

    /// Whether its source record has had its turn.
    pub(in crate::consumer::core) fn is_released(&self, origin: Offset) -> bool {
        self.stage(origin).is_some_and(|stage| stage != Stage::Unreleased)
    }

    /// Whether a record of this key waits for one before it.
    pub(in crate::consumer::core) fn blocks(&self, key: u64, offset: Offset) -> bool {
        self.first(key).is_some_and(|first| first < offset)
    }

    /// Whether a record of any key waits that stands before this one. Looks at all of them: it is asked only for a record that all
    /// others wait for.
    pub(in crate::consumer::core) fn any_key_below(&self, offset: Offset) -> bool {
        self.entries.range(..offset).any(|(_, entry)| entry.fresh.key.is_some())
    }

    /// Bytes of this key that wait.
    pub(in crate::consumer::core) fn bytes_of(&self, key: u64) -> usize {
        self.bytes.get(&key).copied().unwrap_or_default()
    }

    /// Asked for, or out.
    pub(in crate::consumer::core) fn away(&self) -> usize {
        self.away
    }

    /// Entries whose source record has had its turn: they are pending, and nobody else counts them.
    pub(in crate::consumer::core) fn len(&self) -> usize {
        self.entries.len() - self.unreleased.len()
    }
}

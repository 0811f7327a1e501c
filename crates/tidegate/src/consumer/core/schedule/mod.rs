//! Records that wait outside of the source: durably in the companion, by their index in here (rules 20-23).
//!
//! ```text
//!   source ─▶ attempt fails ─▶ entry acked ─▶ source offset ends
//!                │                  ▼
//!                │              due, first of its key ─▶ recalled ─▶ attempt ─┬─▶ settled ─▶ entry struck ─▶ the next of the key
//!                │                  ▲                                         └─▶ fails: next entry acked ─▶ this one struck
//!          those behind it of its key: entries too, parked ───┘
//! ```
//!
//! The bytes are with the driver, and in the companion. Nothing here survives the ownership: the next owner reads it all again.

mod behind;
mod hold;
mod index;
mod notes;
mod postpone;
mod recall;
mod restore;
mod stamp;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::consumer::core::partition::Partition;
use crate::message::Offset;

pub use hold::Hold;
pub(super) use index::{Fresh, Index, ShortKey};
pub use notes::{Note, Noted};
pub use postpone::Postponed;
pub use recall::Recalled;
pub use stamp::{Fence, Stamp};

/// What one ownership knows of its companion.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    pub(super) index: Index,
    /// What else is written of a record in there: it goes when the record is settled.
    others: BTreeMap<Offset, BTreeMap<Stamp, Fresh>>,
    /// Everything that was there at the start has been read.
    complete: bool,
    /// The highest term that was read of.
    latest: u64,
    /// So far all of it is known.
    read_to: Offset,
    /// Entries that count for nobody, and are not struck yet.
    void: BTreeSet<(Offset, Stamp)>,
    /// They are being struck.
    striking: bool,
    /// Entries of records that hold their keys by later ones; to be struck, too.
    behind: BTreeSet<(Offset, Stamp)>,
    /// Records of the source that wait in memory, by key, as the index knows it and in full: too much of their key waits in here.
    crowded: BTreeMap<(ShortKey, u64), Offset>,
    /// The record of `Order::Partition` that waits in memory for all keys before it.
    barrier: Option<Offset>,
    /// First records of keys that are being written: those behind them are to go along.
    heads: Vec<Offset>,
}

impl Schedule {
    /// Whether a record of the source waits in memory for what is in here.
    fn holds_back(&self) -> bool {
        !self.crowded.is_empty() || self.barrier.is_some()
    }

    /// Entries that count as pending.
    pub(super) fn pending(&self) -> usize {
        if self.complete { self.index.len() } else { 0 }
    }
}

impl Schedule {
    /// Whether something is written of this record of the source, which has not had its turn.
    pub(super) fn knows(&self, offset: Offset) -> bool {
        self.index.is_unreleased(offset) || self.others.contains_key(&offset)
    }

    /// Notes an entry that counts.
    fn note(&mut self, origin: Offset, fresh: Fresh, released: bool) {
        let other = self.index.note(origin, fresh, released);
        if let Some(other) = other.filter(|other| other.stamp != fresh.stamp) {
            self.others.entry(origin).or_default().insert(other.stamp, other);
        }
    }

    /// What this ownership has written before `fresh`, without an answer: perhaps it is there.
    fn note_unanswered(&mut self, origin: Offset, fresh: Fresh) {
        for stamp in fresh.stamp.before() {
            self.others.entry(origin).or_default().insert(stamp, Fresh { stamp, ..fresh });
        }
    }

    /// All that is written of a record; what counts is last, as it stands for the record while others are left.
    fn written(&self, origin: Offset) -> Vec<Stamp> {
        let others = self.others.get(&origin).into_iter().flat_map(BTreeMap::keys).copied();
        others.chain(self.index.stamp(origin)).collect()
    }

    /// A record is settled. Gives the key that it belonged to.
    fn remove(&mut self, origin: Offset) -> Option<ShortKey> {
        self.others.remove(&origin);
        self.index.remove(origin)
    }
}

/// How settling ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
    /// The record is finished.
    End(super::End),
    /// Its entry is being written.
    Entry,
    /// Its entry is written: it waits for its time there.
    Wait(Fresh),
    /// It is dead-lettered and ends so, and holds its key: by that entry, once it is settled and that is written.
    Hold(super::End, Option<Fresh>),
}

impl Partition {
    /// Records that are pending: in memory, or in the schedule alone.
    pub(super) fn pending(&self) -> usize {
        self.tracker.len() + self.schedule.pending()
    }
}

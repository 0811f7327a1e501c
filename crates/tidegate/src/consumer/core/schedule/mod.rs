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

mod index;
mod notes;
mod postpone;
mod recall;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::consumer::core::partition::Partition;
use crate::message::Offset;

pub(super) use index::{Fresh, Index, Live, ShortKey, Stage};
pub use notes::{Note, Noted};
pub use postpone::Postponed;
pub use recall::Recalled;

/// What one ownership knows of its companion.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    pub(super) index: Index,
    /// Everything that was there at the start has been read.
    complete: bool,
    /// Entries of records that were settled before the entry came: not to be run (rule 22).
    stale: BTreeSet<Offset>,
    /// Records of the source that wait in memory, by key, as the index knows it and in full: too much of their key waits in here.
    crowded: BTreeMap<(ShortKey, u64), Offset>,
    /// The record of `Order::Partition` that waits in memory for all keys before it.
    barrier: Option<Offset>,
}

impl Schedule {
    /// Whether a record of the source waits in memory for what is in here.
    fn holds_back(&self) -> bool {
        !self.crowded.is_empty() || self.barrier.is_some()
    }

    /// Entries that count as pending.
    pub(super) fn pending(&self) -> usize {
        if self.complete { self.index.len() - self.stale.len() } else { 0 }
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
}

impl Partition {
    /// Records that are pending: in memory, or in the schedule alone.
    pub(super) fn pending(&self) -> usize {
        self.tracker.len() + self.schedule.pending()
    }
}

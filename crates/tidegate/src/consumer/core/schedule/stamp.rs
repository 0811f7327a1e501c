//! Who has written an entry, and whether that counts (rule 22).
//!
//! A write that its owner has given up may still land: after the next owner has read the companion, and perhaps run the record. So
//! that nobody takes such an entry for one that waits, each ownership has a term, and each commit says to which end the companion
//! had been read when its term began:
//!
//! ```text
//!   term 7 ── writes ──────────── ✗ gone            ┌ void: of a term before 8, behind the fence of 8
//!   companion  [7] [7] [7]                     [7]  │
//!                          ▲ fence of 8: all before it is known to 8, and to all after it
//!   term 8                 └ reads ── commits 8 and its fence ── runs
//! ```
//!
//! An owner strikes what is void before it commits a fence of its own: then one fence is all that must be known.

use crate::message::Offset;

/// Which writing of a record's entry: the later one is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// Failed attempts so far; 0: the record waits behind another one of its key.
    pub attempt: u32,
    /// The ownership that has written it, counted for each partition.
    pub term: u64,
    /// Counts what this ownership had to write again, as it did not know whether it was written.
    pub write: u32,
}

impl Stamp {
    /// What this ownership has written of this attempt before: perhaps.
    pub(super) fn before(self) -> impl Iterator<Item = Self> {
        (0..self.write).map(move |write| Self { write, ..self })
    }
}

/// The term of an ownership, and what it had read when it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fence {
    /// From 1; 0: nobody had a schedule yet.
    pub term: u64,
    /// Everything in the companion below is known to this term.
    pub end: Offset,
}

impl Fence {
    /// Whether an entry came too late: an ownership after its writer's had begun without it.
    #[must_use]
    pub fn voids(self, stamp: Stamp, at: Offset) -> bool {
        stamp.term < self.term && at >= self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_void_when_the_next_term_began_without_it() {
        let fence = Fence { term: 8, end: Offset(30) };
        let stamp = |term| Stamp { attempt: 1, term, write: 0 };
        assert!(fence.voids(stamp(7), Offset(30)));
        assert!(!fence.voids(stamp(7), Offset(29)), "read by 8");
        assert!(!fence.voids(stamp(8), Offset(30)), "its own");
        assert!(!fence.voids(stamp(9), Offset(30)), "of somebody later");
        assert!(!Fence::default().voids(stamp(0), Offset(0)), "nobody came later");
    }
}

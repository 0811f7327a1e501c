//! The partition ledger: every delivered record ends exactly once, or is pending (I5).

use std::collections::BTreeMap;

use crate::consumer::core::End;
use crate::message::TopicPartition;

/// What became of the records of each partition that this process has owned, over all its ownerships.
pub type Ledger = BTreeMap<TopicPartition, Counts>;

/// How many records of a partition ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Records that arrived; one that arrived again under a later ownership counts again.
    pub delivered: u64,
    /// Records that an earlier owner had scheduled, and that came along with the schedule.
    pub restored: u64,
    /// Handled.
    pub done: u64,
    /// Handled before, as their marker said, or the commit of an earlier owner.
    pub duplicate: u64,
    /// Not for this service, and said so.
    pub skipped: u64,
    /// Dead-lettered.
    pub dead: u64,
    /// Unfinished when the ownership ended: not committed, so whoever owns the partition gets them again.
    pub cut_off: u64,
    /// Running, settling, or waiting.
    pub pending: u64,
}

impl Counts {
    /// Whether nothing is lost and nothing is counted twice: all that was delivered is somewhere, once.
    #[must_use]
    pub fn conserved(&self) -> bool {
        self.holes() == 0
    }

    /// Delivered and restored records that are nowhere, or twice somewhere: 0, or it is a defect (I5).
    #[must_use]
    pub fn holes(&self) -> u64 {
        let ended = self.done + self.duplicate + self.skipped + self.dead;
        (self.delivered + self.restored).abs_diff(ended + self.cut_off + self.pending)
    }

    pub(super) fn deliver(&mut self) {
        self.delivered += 1;
        self.pending += 1;
    }

    pub(super) fn restore(&mut self) {
        self.restored += 1;
        self.pending += 1;
    }

    pub(super) fn end(&mut self, end: End) {
        self.pending -= 1;
        *match end {
            End::Done => &mut self.done,
            End::Duplicate => &mut self.duplicate,
            End::Skipped => &mut self.skipped,
            End::Dead => &mut self.dead,
        } += 1;
    }

    pub(super) fn cut(&mut self) {
        self.cut_off += self.pending;
        self.pending = 0;
    }
}

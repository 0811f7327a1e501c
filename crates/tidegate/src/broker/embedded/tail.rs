//! The newest records of one partition in memory, so that who reads at the end does not read the file.

use std::collections::VecDeque;

use crate::broker::FetchLimit;
use crate::broker::taking::Taking;
use crate::message::{Offset, Record};

/// What a record costs beside its bytes.
const OVERHEAD: usize = 128;

/// Holds everything of the partition from `start` on.
#[derive(Debug)]
pub(super) struct Tail {
    start: Offset,
    records: VecDeque<Record>,
    bytes: usize,
}

impl Tail {
    /// Holds nothing; what comes at `start` and behind it will be held.
    pub(super) fn new(start: Offset) -> Self {
        Self { start, records: VecDeque::new(), bytes: 0 }
    }

    /// Appends what was written, and forgets the oldest beyond `limit` bytes.
    pub(super) fn append(&mut self, records: Vec<Record>, limit: usize) {
        for record in records {
            self.bytes += record.size() + OVERHEAD;
            self.records.push_back(record);
        }
        while self.bytes > limit {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(record) = self.records.pop_front() else { return };
        self.bytes -= record.size() + OVERHEAD;
        self.start = record.offset.next();
    }

    /// Forgets what was deleted from the log.
    pub(super) fn delete_before(&mut self, offset: Offset) {
        while self.records.front().is_some_and(|r| r.offset < offset) {
            self.forget_oldest();
        }
        self.start = self.start.max(offset);
    }

    /// Forgets records that were left out of the log, given by their offsets in order.
    pub(super) fn forget(&mut self, removed: &[u64]) {
        let bytes = &mut self.bytes;
        self.records.retain(|record| {
            let stays = removed.binary_search(&record.offset.0).is_err();
            *bytes -= if stays { 0 } else { record.size() + OVERHEAD };
            stays
        });
    }

    /// Whether a record stands at `offset` or behind it.
    pub(super) fn holds_after(&self, offset: Offset) -> bool {
        self.records.back().is_some_and(|r| r.offset >= offset)
    }

    /// The records from `from` on, within the limit; `None` when it does not reach back so far.
    pub(super) fn read(&self, from: Offset, limit: &FetchLimit) -> Option<Vec<Record>> {
        if from < self.start {
            return None;
        }
        let first = self.records.partition_point(|r| r.offset < from);
        let mut take = Taking::new(limit);
        Some(self.records.range(first..).take_while(|r| take.fits(r)).cloned().collect())
    }
}

#[cfg(test)]
mod tests;

//! One partition: its records, and who waits at its end.

use std::ops::Range;
use std::sync::Arc;

use tokio::sync::Notify;

use super::keeping::Clean;
use crate::broker::taking::Taking;
use crate::broker::{FetchLimit, Fetched, Watermarks};
use crate::message::{Offset, Record};

/// What a reader is told of a batch that is damaged.
pub(super) const CORRUPT: &str = "injected: its batch is corrupt";

/// One partition.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) start: Offset,
    pub(super) end: Offset,
    pub(super) records: Vec<Record>,
    pub(super) clean: Clean,
    /// A batch that is damaged: these are not read, and nobody goes past them.
    pub(super) corrupt: Option<Range<Offset>>,
    /// Who waits at the end; each is woken once.
    waiting: Vec<Arc<Notify>>,
}

impl Part {
    pub(super) fn bounds(&self) -> Watermarks {
        Watermarks { start: self.start, end: self.end }
    }

    /// What survives the broker.
    pub(super) fn kept(&self) -> Self {
        Self {
            start: self.start,
            end: self.end,
            records: self.records.clone(),
            clean: self.clean,
            corrupt: self.corrupt.clone(),
            waiting: Vec::new(),
        }
    }

    /// Wakes who waits at the end.
    pub(super) fn wake(&mut self) {
        self.waiting.drain(..).for_each(|waker| waker.notify_one());
    }

    /// Those that come next.
    fn rest(&self, from: Offset) -> &[Record] {
        let first = self.records.partition_point(|record| record.offset < from);
        &self.records[first..]
    }

    fn is_corrupt(&self, record: &Record) -> bool {
        self.corrupt.as_ref().is_some_and(|batch| batch.contains(&record.offset))
    }

    /// Whether the next record there cannot be read.
    pub(super) fn is_corrupt_from(&self, from: Offset) -> bool {
        self.rest(from).first().is_some_and(|next| self.is_corrupt(next))
    }

    /// Where there is nothing, `waker` is woken when there may be something.
    pub(super) fn fetch(
        &mut self,
        from: Offset,
        limit: &FetchLimit,
        waker: &Arc<Notify>,
    ) -> Fetched {
        let mut taking = Taking::new(limit);
        let rest = self.rest(from);
        let readable = rest.iter().take_while(|record| !self.is_corrupt(record));
        let taken = readable.take_while(|record| taking.fits(record)).count();
        let records = rest[..taken].to_vec();
        let next = match records.last() {
            _ if taken == rest.len() => self.end,
            Some(last) => last.offset.next(),
            None => from,
        };
        if records.is_empty() && !self.waiting.iter().any(|known| Arc::ptr_eq(known, waker)) {
            self.waiting.push(waker.clone());
        }
        Fetched { records, next, watermarks: self.bounds() }
    }
}

//! What makes room in the log: old records go, and those that newer ones of their key replace.
//!
//! The same as on the embedded log, without its steps: what is due is done by whoever comes to the log next, whole.

use std::collections::HashMap;

use super::part::Part;
use crate::broker::{Keeping, Retention};
use crate::message::{Offset, Record, Timestamp};

/// How long tombstones stay once what they remove is gone: Kafka's default for `delete.retention.ms`, 24 h.
const KEEP_TOMBSTONES: i64 = 86_400_000;

/// How far a partition is clean.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clean {
    /// No key stands twice below.
    to: Offset,
    /// Tombstones below this offset have nothing left to remove, since then.
    graves: Option<(Offset, Timestamp)>,
}

impl Part {
    /// Does what is due.
    pub(super) fn keep(&mut self, keeping: Keeping, now: Timestamp) {
        if keeping.retention != Retention::Forever {
            self.expire(now.0.saturating_sub(keeping.retention.to_millis()));
        }
        if keeping.compacts() && self.is_due(now) {
            self.compact(now);
        }
    }

    /// Deletes what is older, from the beginning on.
    fn expire(&mut self, oldest: i64) {
        let kept = self.records.iter().position(|record| record.timestamp.0 >= oldest);
        let count = kept.unwrap_or(self.records.len());
        if count > 0 {
            self.records.drain(..count);
            self.start = self.records.first().map_or(self.end, |first| first.offset);
            self.wake();
        }
    }

    /// Half of the records are dirty, or tombstones may go.
    fn is_due(&self, now: Timestamp) -> bool {
        let clean = self.records.partition_point(|record| record.offset < self.clean.to);
        let dirty = self.records.len() - clean;
        (dirty > 0 && dirty >= clean) || self.buries(now) > Offset(0)
    }

    /// Tombstones below this go.
    fn buries(&self, now: Timestamp) -> Offset {
        let over = |(_, since): &(_, Timestamp)| now.0.saturating_sub(since.0) >= KEEP_TOMBSTONES;
        self.clean.graves.filter(over).map_or(Offset(0), |(below, _)| below)
    }

    fn compact(&mut self, now: Timestamp) {
        let Some(last) = self.records.last().map(|record| record.offset) else { return };
        let bury = self.buries(now);
        let key = |record: &Record| Some((record.key.clone()?, record.offset));
        let newest: HashMap<_, _> = self.records.iter().filter_map(key).collect();
        let is_grave = |record: &Record| record.value.is_none() && record.offset != last;
        self.records.retain(|record| {
            let replaced = record.key.as_ref().is_some_and(|key| newest[key] > record.offset);
            !(replaced || (is_grave(record) && record.offset < bury))
        });
        let waiting = self.clean.graves.filter(|_| bury == Offset(0));
        let graves = self.records.iter().any(is_grave).then_some((last.next(), now));
        self.clean = Clean { to: last.next(), graves: waiting.or(graves) };
    }
}

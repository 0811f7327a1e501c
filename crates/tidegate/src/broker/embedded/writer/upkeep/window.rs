//! A piece of a compacted partition, and what it becomes.

use redb::{ReadTransaction, WriteTransaction};

use super::PIECE;
use super::round::Rule;
use crate::broker::embedded::log::PartitionLog;
use crate::broker::embedded::store::StoreError;
use crate::broker::embedded::store::tables::{BATCHES, TIMES};
use crate::broker::embedded::{batch, reader};
use crate::message::{Offset, Record};

/// Batches that follow each other.
#[derive(Debug)]
pub(super) struct Window {
    from: u64,
    /// Where the next one begins.
    pub(super) next: u64,
    /// Bytes of its batches as they stand.
    pub(super) bytes: usize,
    kept: Vec<Record>,
    /// Of each record that is kept, the newest time of the partition up to its batch.
    so_far: Vec<i64>,
    /// Offsets.
    pub(super) removed: Vec<u64>,
    /// Whether any tombstone is kept that may go one day.
    pub(super) tombstones: bool,
}

impl Window {
    /// The batches from there on, a piece of them, before `to`.
    pub(super) fn read(
        transaction: &ReadTransaction,
        partition: &PartitionLog,
        (from, to): (u64, u64),
        rule: &Rule,
    ) -> Result<Self, StoreError> {
        let mut window = Self::empty(from, to);
        let (topic, number) = partition.key;
        let times = transaction.open_table(TIMES)?;
        let batches = transaction.open_table(BATCHES)?;
        for entry in batches.range((topic, number, from)..(topic, number, to))? {
            let (key, value) = entry?;
            let base = key.value().2;
            if window.bytes >= PIECE {
                window.next = base;
                break;
            }
            window.bytes += value.value().len();
            let so_far = times.get(key.value())?.map_or(i64::MIN, |times| times.value().1);
            for record in reader::decode(partition, Offset(base), value.value())? {
                window.take(record, so_far, rule);
            }
        }
        Ok(window)
    }

    fn empty(from: u64, next: u64) -> Self {
        let (kept, so_far, removed) = (Vec::new(), Vec::new(), Vec::new());
        Self { from, next, bytes: 0, kept, so_far, removed, tombstones: false }
    }

    fn take(&mut self, record: Record, so_far: i64, rule: &Rule) {
        if rule.removes(&record) {
            self.removed.push(record.offset.0);
            return;
        }
        self.tombstones |= rule.is_grave(&record);
        self.kept.push(record);
        self.so_far.push(so_far);
    }

    /// Puts what is kept in the place of all; answers with its bytes.
    pub(super) fn write(
        &self,
        transaction: &WriteTransaction,
        partition: &PartitionLog,
    ) -> Result<usize, StoreError> {
        let (topic, number) = partition.key;
        let all = (topic, number, self.from)..(topic, number, self.next);
        let mut batches = transaction.open_table(BATCHES)?;
        let mut times = transaction.open_table(TIMES)?;
        batches.retain_in(all.clone(), |_, _| false)?;
        times.retain_in(all, |_, _| false)?;
        let (mut bytes, mut written) = (0, 0);
        for run in batch::runs(&self.kept) {
            written += run.len();
            let key = (topic, number, run[0].offset.0);
            let newest = run.iter().map(|record| record.timestamp.0).max().unwrap_or(i64::MIN);
            let value = batch::encode(run);
            bytes += value.len();
            batches.insert(key, value.as_slice())?;
            times.insert(key, (newest, self.so_far[written - 1]))?;
        }
        Ok(bytes)
    }
}

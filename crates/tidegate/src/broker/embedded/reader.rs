//! Reads of the file. They block for as long as the disk does: callers are not on the runtime's threads.

use std::sync::Arc;

use bytes::Bytes;
use redb::{ReadOnlyTable, ReadTransaction};

use super::batch;
use super::log::{Bounds, PartitionLog};
use super::store::tables::{BATCHES, BOUNDS, BatchKey, TIMES};
use super::store::{Store, StoreError};
use crate::broker::taking::Taking;
use crate::broker::{FetchLimit, Watermarks};
use crate::message::{Offset, Record, Timestamp};

/// What a read found.
#[derive(Debug)]
pub(super) enum Found {
    /// These follow; `next` is where to read on.
    Records { records: Vec<Record>, next: Offset },
    /// Where the read was to begin was deleted meanwhile; these are the bounds.
    Deleted(Watermarks),
}

/// Records from `from` on. `seen` are bounds from before: what lies below its
/// end and is not found is a gap.
pub(super) fn read(
    store: &Store,
    partition: &PartitionLog,
    from: Offset,
    limit: &FetchLimit,
    seen: Watermarks,
) -> Result<Found, StoreError> {
    store.read(|transaction| {
        // The bounds of this very snapshot: rule 7, a reader never jumps over what was deleted.
        let bounds = transaction.open_table(BOUNDS)?.get(partition.key)?.map(|b| b.value());
        let (start, end) = bounds.unwrap_or_default();
        if from.0 < start {
            return Ok(Found::Deleted(Watermarks { start: Offset(start), end: Offset(end) }));
        }
        let batches = transaction.open_table(BATCHES)?;
        let mut taking = Taking::new(limit);
        let mut records: Vec<Record> = Vec::new();
        for batch in batches_from(&batches, partition, from)? {
            for record in batch?.into_iter().filter(|r| r.offset >= from) {
                if !taking.fits(&record) {
                    return Ok(Found::Records { records, next: record.offset });
                }
                records.push(record);
            }
        }
        let next = records.last().map_or(from, |r| r.offset.next()).max(seen.end);
        Ok(Found::Records { records, next })
    })
}

/// The batch that `from` lies in or behind, and all that follow.
fn batches_from<'a>(
    batches: &'a ReadOnlyTable<BatchKey, &'static [u8]>,
    partition: &'a PartitionLog,
    from: Offset,
) -> Result<impl Iterator<Item = Result<Vec<Record>, StoreError>> + 'a, StoreError> {
    let (topic, number) = partition.key;
    let before = batches.range((topic, number, 0)..=(topic, number, from.0))?.next_back();
    let first = before.transpose()?.map_or(from.0, |(key, _)| key.value().2);
    let range = batches.range((topic, number, first)..=(topic, number, u64::MAX))?;
    Ok(range.map(|entry| {
        let (key, value) = entry?;
        decode(partition, Offset(key.value().2), value.value())
    }))
}

/// The records of a stored batch; what is wrong with them names their place.
pub(super) fn decode(
    partition: &PartitionLog,
    base: Offset,
    stored: &[u8],
) -> Result<Vec<Record>, StoreError> {
    batch::decode(&partition.place, base, Bytes::copy_from_slice(stored)).map_err(|reason| {
        StoreError::Corrupt { partition: partition.place.clone(), offset: base, reason }
    })
}

/// The first record in offset order whose time is at or after `time`.
pub(super) fn offset_for_time(
    store: &Store,
    partition: &Arc<PartitionLog>,
    time: Timestamp,
) -> Result<Option<Offset>, StoreError> {
    let bounds = partition.bounds();
    store.read(|transaction| {
        let times = transaction.open_table(TIMES)?;
        let low = first_candidate(&times, partition, time, bounds)?;
        let (topic, number) = partition.key;
        for entry in times.range((topic, number, low)..=(topic, number, u64::MAX))? {
            let (key, newest) = entry?;
            if newest.value().0 < time.0 {
                continue;
            }
            let found = find(transaction, partition, Offset(key.value().2), time, bounds.start)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    })
}

/// The base of the first batch up to whose end some record was at or after `time`: found by halving,
/// as the newest time so far only grows. Deleted records count there: hence a candidate.
fn first_candidate(
    times: &ReadOnlyTable<BatchKey, (i64, i64)>,
    partition: &PartitionLog,
    time: Timestamp,
    bounds: Bounds,
) -> Result<u64, StoreError> {
    let (topic, number) = partition.key;
    let before = |offset: u64| -> Result<Option<(u64, i64)>, StoreError> {
        let last = times.range((topic, number, 0)..=(topic, number, offset))?.next_back();
        Ok(last.transpose()?.map(|(key, newest)| (key.value().2, newest.value().1)))
    };
    let (mut low, mut high) = (bounds.start, bounds.end);
    while low < high {
        let middle = low + (high - low) / 2;
        match before(middle)? {
            Some((_, newest)) if newest >= time.0 => high = middle,
            _ => low = middle + 1,
        }
    }
    Ok(before(low)?.map_or(low, |(base, _)| base))
}

fn find(
    transaction: &ReadTransaction,
    partition: &PartitionLog,
    base: Offset,
    time: Timestamp,
    start: u64,
) -> Result<Option<Offset>, StoreError> {
    let batches = transaction.open_table(BATCHES)?;
    let (topic, number) = partition.key;
    let Some(stored) = batches.get((topic, number, base.0))? else { return Ok(None) };
    let records = decode(partition, base, stored.value())?;
    let matches = |r: &&Record| r.offset.0 >= start && r.timestamp >= time;
    Ok(records.iter().find(matches).map(|r| r.offset))
}

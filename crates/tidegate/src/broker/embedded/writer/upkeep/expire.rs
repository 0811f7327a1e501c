//! Retention: what is older than its topic keeps it.

use std::sync::Arc;

use redb::ReadTransaction;

use super::super::admin::delete_before;
use super::Worker;
use crate::broker::Retention;
use crate::broker::embedded::log::{Bounds, PartitionLog};
use crate::broker::embedded::store::tables::{TIMES, all_of};
use crate::broker::embedded::store::{StoreError, WriteError};

/// So many batches are deleted at once: as many bytes as some steps of compaction, and none of them is read.
const AT_ONCE: usize = 128;

impl Worker {
    /// Deletes the oldest batches, if they are too old. Says whether there were any.
    pub(super) fn expire(&self, partition: &Arc<PartitionLog>) -> Result<bool, WriteError> {
        let retention = partition.keeping.retention;
        if retention == Retention::Forever {
            return Ok(false);
        }
        let oldest = self.clock.wall().0.saturating_sub(retention.to_millis());
        let mut bounds = partition.bounds();
        let start = self.look(|transaction| kept_from(transaction, partition, bounds, oldest))?;
        if start == bounds.start {
            return Ok(false);
        }
        bounds.start = start;
        self.write(|transaction| delete_before(transaction, partition, bounds))?;
        partition.moved(bounds);
        Ok(true)
    }
}

/// Where the partition begins without the batches of which no record is younger.
fn kept_from(
    transaction: &ReadTransaction,
    partition: &PartitionLog,
    bounds: Bounds,
    oldest: i64,
) -> Result<u64, StoreError> {
    let times = transaction.open_table(TIMES)?;
    for (number, entry) in times.range(all_of(partition.key))?.enumerate() {
        let (key, newest) = entry?;
        let stays = number == AT_ONCE || newest.value().0 >= oldest;
        match stays {
            // The first one may begin behind the start: compaction has left something out.
            true if number == 0 => return Ok(bounds.start),
            true => return Ok(key.value().2),
            false => {}
        }
    }
    Ok(bounds.end)
}

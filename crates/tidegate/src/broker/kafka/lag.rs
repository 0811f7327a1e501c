//! How far a group is behind.

use std::sync::atomic::AtomicBool;

use super::Inner;
use crate::broker::{BrokerError, FetchLimit, PartitionLag};
use crate::message::{Offset, TopicName};

/// A lag of at most so many offsets is looked at: there may be no record in them.
const GAP: u64 = 1_000;

impl Inner {
    /// How far a group is behind. Markers of transactions, and what was aborted, take offsets and are no records: a
    /// group that has read everything can stand before some of them, and is not behind.
    pub(super) fn lag(
        &self,
        group: &str,
        topic: &TopicName,
    ) -> Result<Vec<PartitionLag>, BrokerError> {
        let mut rows = self.cluster.lag(group, topic)?;
        for row in rows.iter_mut().filter(|row| (1..=GAP).contains(&row.lag)) {
            self.pass_gap(row)?;
        }
        Ok(rows)
    }

    fn pass_gap(&self, row: &mut PartitionLag) -> Result<(), BrokerError> {
        let committed = row.committed.as_ref().map_or(Offset(0), |committed| committed.offset);
        let from = committed.max(row.watermarks.start);
        let limit = FetchLimit { records: 1, ..FetchLimit::default() };
        let fetched = match self.read(&row.partition, from, limit, &AtomicBool::new(false)) {
            // Deleted meanwhile: what was seen before stays true of then. And what cannot be read is behind.
            Err(BrokerError::OutOfRange { .. } | BrokerError::Corrupt { .. }) => return Ok(()),
            fetched => fetched?,
        };
        row.watermarks = fetched.watermarks;
        let first = fetched.records.first().map_or(fetched.next, |record| record.offset);
        row.lag = row.watermarks.end.0.saturating_sub(first.0);
        Ok(())
    }
}

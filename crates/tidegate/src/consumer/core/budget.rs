//! Back-pressure: how much is held in memory, over all partitions (rule 14).

use crate::consumer::core::CoreConfig;
use crate::consumer::core::partition::Partition;
use crate::planted::planted;

/// Full, until half of it is free again: delivery does not stutter at the limit.
#[derive(Debug, Default)]
pub(super) struct Budget {
    full: bool,
}

impl Budget {
    /// Whether delivery is to stop, by what the partitions hold now.
    pub(super) fn weigh<'a>(
        &mut self,
        partitions: impl Iterator<Item = &'a Partition>,
        config: &CoreConfig,
    ) -> bool {
        let (records, bytes) = partitions.fold((0, 0), |(records, bytes), partition| {
            (records + partition.tracker.len(), bytes + partition.tracker.bytes())
        });
        let over =
            |records_max: usize, bytes_max: usize| records > records_max || bytes > bytes_max;
        self.full = if planted!(NoBudget) {
            false
        } else if self.full {
            over(config.max_buffered_records / 2, config.max_buffered_bytes / 2)
        } else {
            records >= config.max_buffered_records || bytes >= config.max_buffered_bytes
        };
        self.full
    }
}

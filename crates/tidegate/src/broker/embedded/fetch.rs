//! Direct reads: memory first, then the file; at the end of the log, wait.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Inner;
use super::log::{PartitionLog, TailRead};
use super::reader::{self, Found};
use crate::broker::{BrokerError, FetchLimit, Fetched, Watermarks};
use crate::message::{Offset, TopicPartition};

impl Inner {
    pub(super) async fn fetch(
        self: &Arc<Self>,
        place: TopicPartition,
        from: Offset,
        limit: FetchLimit,
    ) -> Result<Fetched, BrokerError> {
        let partition = self.log.partition(&place)?;
        let waker = Arc::new(Notify::new());
        let _watch = partition.watch(waker.clone());
        let deadline = Instant::now().checked_add(limit.wait);
        loop {
            let fetched = self.read_once(&partition, from, limit).await?;
            if !fetched.records.is_empty() || limit.wait.is_zero() {
                return Ok(fetched);
            }
            match deadline {
                None => waker.notified().await,
                Some(deadline) => match tokio::time::timeout_at(deadline, waker.notified()).await {
                    Ok(()) => {}
                    Err(_) => return Ok(fetched),
                },
            }
        }
    }

    /// Memory first, then the file.
    async fn read_once(
        self: &Arc<Self>,
        partition: &Arc<PartitionLog>,
        from: Offset,
        limit: FetchLimit,
    ) -> Result<Fetched, BrokerError> {
        self.check_open()?;
        let seen = match partition.read_tail(from, &limit) {
            TailRead::Known { records, next, watermarks } => {
                return Ok(Fetched { records, next, watermarks });
            }
            TailRead::OutOfRange(w) => return Err(out_of_range(partition, from, w)),
            TailRead::Older(watermarks) => watermarks,
        };
        let log = partition.clone();
        let read = move |inner: &Self| reader::read(&inner.store, &log, from, &limit, seen);
        match self.blocking(read).await? {
            Found::Records { records, next } => {
                Ok(Fetched { records, next, watermarks: partition.watermarks() })
            }
            Found::Deleted(bounds) => Err(out_of_range(partition, from, bounds)),
        }
    }
}

fn out_of_range(partition: &PartitionLog, offset: Offset, bounds: Watermarks) -> BrokerError {
    BrokerError::OutOfRange {
        partition: partition.place.clone(),
        offset,
        start: bounds.start,
        end: bounds.end,
    }
}

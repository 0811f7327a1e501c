//! Loads: records that memory does not hold any more, read from the file beside the polling.

use std::time::Duration;

use tokio::task::JoinError;

use super::{Member, TRY_AGAIN};
use crate::broker::embedded::Inner;
use crate::broker::embedded::reader::{self, Found};
use crate::broker::{BrokerError, FetchLimit, GroupEvent};
use crate::message::{Offset, TopicPartition};
use crate::text;

/// A load brings at least so much, as a stored batch is read whole anyway.
const LOAD_RECORDS: usize = 1_000;
const LOAD_BYTES: usize = 1 << 18;

/// A load's result, and which of the partition's reads it belongs to.
pub(super) struct Loaded {
    partition: TopicPartition,
    read: u64,
    result: Result<Found, BrokerError>,
}

impl Member {
    pub(super) fn load(&mut self, partition: TopicPartition, from: Offset) {
        let Some(reading) = self.owned.get_mut(&partition) else { return };
        self.reads += 1;
        let read = self.reads;
        reading.loading(read);
        let (inner, log) = (self.inner.clone(), reading.log().clone());
        let limit = FetchLimit {
            records: self.how.max_poll_records.max(LOAD_RECORDS),
            bytes: self.how.max_poll_bytes.max(LOAD_BYTES),
            wait: Duration::ZERO,
        };
        self.loads.spawn(async move {
            loop {
                let (part, seen) = (log.clone(), log.watermarks());
                let work =
                    move |inner: &Inner| reader::read(&inner.store, &part, from, &limit, seen);
                match inner.blocking(work).await {
                    Err(BrokerError::Unavailable(reason)) => {
                        let TopicPartition { topic, partition } = &log.place;
                        tracing::warn!(
                            topic = topic.as_str(),
                            partition = partition.0,
                            reason,
                            "cannot be read: trying again"
                        );
                        tokio::time::sleep(TRY_AGAIN).await;
                    }
                    result => return Loaded { partition, read, result },
                }
            }
        });
    }

    /// Keeps what a load brought, if its partition still waits for it.
    pub(super) fn loaded(&mut self, loaded: Result<Loaded, JoinError>) -> Option<GroupEvent> {
        let Loaded { partition, read, result } = match loaded {
            Ok(loaded) => loaded,
            Err(error) => {
                return Some(GroupEvent::Fatal(BrokerError::Unavailable(text::of_task(error))));
            }
        };
        let reading = self.owned.get_mut(&partition).filter(|r| r.awaits(read))?;
        match result {
            Ok(Found::Records { records, next }) => {
                reading.keep(records, next);
                None
            }
            Ok(Found::Deleted(watermarks)) => {
                let position = reading.stop()?;
                Some(GroupEvent::OutOfRange { partition, position, watermarks })
            }
            Err(error) => Some(GroupEvent::Fatal(error)),
        }
    }
}

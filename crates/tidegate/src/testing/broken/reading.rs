//! Brokers that read elsewhere than they were asked to.

use std::time::Duration;

use super::twist::Twist;
use crate::broker::{BoxFuture, Broker, BrokerError, FetchLimit, Fetched};
use crate::message::{Offset, Timestamp, TopicPartition};

/// Answers a read out of range with what there is: a silent jump (rule 7).
#[derive(Debug)]
pub(super) struct JumpsIntoRange;

impl Twist for JumpsIntoRange {
    fn fetch<'a>(
        &'a self,
        sound: &'a Broker,
        partition: TopicPartition,
        from: Offset,
        limit: FetchLimit,
    ) -> BoxFuture<'a, Result<Fetched, BrokerError>> {
        Box::pin(async move {
            match sound.fetch(partition.clone(), from, limit).await {
                Err(BrokerError::OutOfRange { start, .. }) => {
                    sound.fetch(partition, start, limit).await
                }
                answer => answer,
            }
        })
    }
}

/// Takes the number of records that it read for the way that it went: lost among gaps (rule 1).
#[derive(Debug)]
pub(super) struct CountsOnContiguousOffsets;

impl Twist for CountsOnContiguousOffsets {
    fn fetch<'a>(
        &'a self,
        sound: &'a Broker,
        partition: TopicPartition,
        from: Offset,
        limit: FetchLimit,
    ) -> BoxFuture<'a, Result<Fetched, BrokerError>> {
        Box::pin(async move {
            let fetched = sound.fetch(partition, from, limit).await?;
            let next = Offset(from.0 + fetched.records.len() as u64);
            Ok(Fetched { next, ..fetched })
        })
    }
}

/// Waits out its time at the end of the log, whatever arrives.
#[derive(Debug)]
pub(super) struct SleepsThroughArrivals;

impl Twist for SleepsThroughArrivals {
    fn fetch<'a>(
        &'a self,
        sound: &'a Broker,
        partition: TopicPartition,
        from: Offset,
        limit: FetchLimit,
    ) -> BoxFuture<'a, Result<Fetched, BrokerError>> {
        Box::pin(async move {
            tokio::time::sleep(limit.wait).await;
            sound.fetch(partition, from, FetchLimit { wait: Duration::ZERO, ..limit }).await
        })
    }
}

/// Searches times as if they rose with the offsets.
#[derive(Debug)]
pub(super) struct BelievesThatTimesRise;

impl Twist for BelievesThatTimesRise {
    fn offset_for_time<'a>(
        &'a self,
        sound: &'a Broker,
        partition: TopicPartition,
        time: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Offset>, BrokerError>> {
        Box::pin(async move {
            let start = sound.watermarks(partition.clone()).await?.start;
            let records = sound.fetch(partition, start, FetchLimit::default()).await?.records;
            let found = records.partition_point(|record| record.timestamp < time);
            Ok(records.get(found).map(|record| record.offset))
        })
    }
}

/// Goes on after it was closed.
#[derive(Debug)]
pub(super) struct StaysOpen;

impl Twist for StaysOpen {
    fn close<'a>(&'a self, _sound: &'a Broker) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

/// Reads all that there is, whatever was asked for.
#[derive(Debug)]
pub(super) struct ReadsWithoutLimits;

impl Twist for ReadsWithoutLimits {
    fn fetch<'a>(
        &'a self,
        sound: &'a Broker,
        partition: TopicPartition,
        from: Offset,
        limit: FetchLimit,
    ) -> BoxFuture<'a, Result<Fetched, BrokerError>> {
        let all = FetchLimit { records: usize::MAX, bytes: usize::MAX, ..limit };
        sound.fetch(partition, from, all)
    }
}

/// Names itself anew at each start: progress noted against it is worthless (rule 8).
#[derive(Debug)]
pub(super) struct ForgetsItsIdentity(u64);

impl Default for ForgetsItsIdentity {
    fn default() -> Self {
        Self(fastrand::u64(..))
    }
}

impl Twist for ForgetsItsIdentity {
    fn cluster_id<'a>(&'a self, _sound: &'a Broker) -> BoxFuture<'a, Result<String, BrokerError>> {
        Box::pin(async { Ok(self.0.to_string()) })
    }
}

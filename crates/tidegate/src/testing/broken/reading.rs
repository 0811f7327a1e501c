//! Brokers that read elsewhere than they were asked to.

use super::twist::Twist;
use crate::broker::{BoxFuture, Broker, BrokerError, FetchLimit, Fetched};
use crate::message::{Offset, TopicPartition};

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

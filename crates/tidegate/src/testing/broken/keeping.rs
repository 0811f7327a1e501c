//! Brokers that make room wrongly, or not at all.

use std::collections::HashSet;

use super::twist::Twist;
use crate::broker::{
    BoxFuture, Broker, BrokerError, Cleanup, FetchLimit, Fetched, NewTopic, Retention,
};
use crate::message::{Offset, Record, TopicPartition};

/// Keeps everything for ever, whatever a topic asks for.
#[derive(Debug)]
pub(super) struct MakesPlainTopics;

impl Twist for MakesPlainTopics {
    fn topic(&self, wanted: NewTopic) -> NewTopic {
        let retention = Some(Retention::Forever);
        NewTopic { cleanup: Cleanup::Delete, retention, ..wanted }
    }
}

/// Leaves out records that should be there.
#[derive(Debug)]
pub(super) struct LeavesOut(pub(super) fn(&mut Vec<Record>));

impl Twist for LeavesOut {
    fn fetch<'a>(
        &'a self,
        sound: &'a Broker,
        partition: TopicPartition,
        from: Offset,
        limit: FetchLimit,
    ) -> BoxFuture<'a, Result<Fetched, BrokerError>> {
        Box::pin(async move {
            let mut fetched = sound.fetch(partition, from, limit).await?;
            (self.0)(&mut fetched.records);
            Ok(fetched)
        })
    }
}

/// Takes a tombstone away with what it removes.
pub(super) fn leave_out_tombstones(records: &mut Vec<Record>) {
    records.retain(|record| record.value.is_some());
}

/// Of each key the oldest record stays.
pub(super) fn leave_out_newer(records: &mut Vec<Record>) {
    let mut seen = HashSet::new();
    records.retain(|record| seen.insert(record.key.clone()));
}

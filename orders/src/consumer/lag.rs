//! How far the group is on each partition, as the log keeps it: what the next owner goes on from.
//!
//! ```text
//!  a record fails ─▶ `outcomes.retried` counts ─▶ commit with the count ─▶ accepted ─▶ `retrying` lists it
//!                                                                            └ a kill costs no count from here on (rule 20)
//! ```

use jiff::Timestamp;
use serde::Serialize;
use tidegate::broker::{Broker, BrokerError, Committed, PartitionLag};
use tidegate::consumer::core::metadata::{CommitMetadata, MetadataError, RetryState};
use tidegate::message::TopicName;

/// One partition.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Lag {
    topic: String,
    partition: u32,
    committed: Option<u64>,
    end: u64,
    /// Records behind.
    pub(super) lag: u64,
    /// Records that have failed and wait for their next attempt, by offset. Durable: a kill changes nothing of it.
    retrying: Vec<Retrying>,
    /// Why the retries that came with the commit cannot be known: the next owner counts their attempts anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<String>,
}

/// A record that waits.
#[derive(Debug, PartialEq, Serialize)]
struct Retrying {
    offset: u64,
    /// Attempts so far.
    attempts: u32,
    /// When the next one is due.
    due: Timestamp,
}

/// The group's lag on each partition of the topic.
pub(super) async fn of(
    broker: &Broker,
    group: &str,
    topic: &TopicName,
) -> Result<Vec<Lag>, BrokerError> {
    let cluster = broker.cluster_id().await?;
    let lags = broker.lag(group.to_owned(), topic.clone()).await?;
    Ok(lags.into_iter().map(|lag| Lag::new(lag, &cluster)).collect())
}

impl Lag {
    fn new(from: PartitionLag, cluster: &str) -> Self {
        let (retrying, unreadable) = match retries(&from, cluster) {
            Ok(retries) => (retries.into_iter().map(Retrying::from).collect(), None),
            Err(why) => (Vec::new(), Some(why.to_string())),
        };
        Self {
            topic: from.partition.topic.to_string(),
            partition: from.partition.partition.0,
            committed: from.committed.map(|committed| committed.offset.0),
            end: from.watermarks.end.0,
            lag: from.lag,
            retrying,
            unreadable,
        }
    }
}

/// Read as the next owner will read them.
fn retries(lag: &PartitionLag, cluster: &str) -> Result<Vec<RetryState>, MetadataError> {
    let Some(Committed { offset, metadata }) = &lag.committed else { return Ok(Vec::new()) };
    if metadata.is_empty() {
        return Ok(Vec::new());
    }
    let metadata = CommitMetadata::decode(metadata)?;
    metadata.fits(cluster, &lag.partition, *offset, lag.watermarks.start)?;
    Ok(metadata.retries)
}

impl From<RetryState> for Retrying {
    fn from(retry: RetryState) -> Self {
        // What no calendar holds is never due.
        let due = Timestamp::from_millisecond(retry.due.0).unwrap_or(Timestamp::MAX);
        Self { offset: retry.offset.0, attempts: retry.attempts, due }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tidegate::broker::Watermarks;
    use tidegate::consumer::core::Fence;
    use tidegate::consumer::core::metadata::DoneAbove;
    use tidegate::message::{Offset, Partition, Timestamp as Millis, TopicPartition};

    use super::*;

    fn committed(at: u64, text: impl FnOnce(CommitMetadata) -> String) -> Lag {
        let partition = TopicPartition::new(TopicName::new("orders").unwrap(), Partition(2));
        let retry = RetryState {
            offset: Offset(41),
            attempts: 2,
            unknown: 1,
            due: Millis(1_764_000_005_250),
            delay: Duration::from_secs(5),
            active: Duration::from_secs(1),
        };
        let metadata = text(CommitMetadata {
            cluster_id: "here".to_owned(),
            partition: partition.clone(),
            topic_id: None,
            base: Offset(41),
            log_start: Offset(0),
            fence: Fence::default(),
            retries: vec![retry],
            done: DoneAbove::default(),
        });
        let committed = Some(Committed { offset: Offset(at), metadata });
        let watermarks = Watermarks { start: Offset(0), end: Offset(50) };
        Lag::new(PartitionLag { partition, committed, watermarks, lag: 50 - at }, "here")
    }

    #[test]
    fn rule_20_a_retry_that_was_committed_is_shown() {
        let lag = serde_json::to_value(committed(41, |metadata| metadata.encode())).unwrap();
        let retry =
            serde_json::json!({"offset": 41, "attempts": 2, "due": "2025-11-24T16:00:05.25Z"});
        let expected = serde_json::json!({
            "topic": "orders", "partition": 2, "committed": 41, "end": 50, "lag": 9, "retrying": [retry],
        });
        assert_eq!(lag, expected);
    }

    #[test]
    fn rule_8_what_the_next_owner_will_ignore_is_not_shown_and_says_why() {
        let moved = committed(40, |metadata| metadata.encode());
        assert_eq!((moved.retrying, moved.lag), (Vec::new(), 10));
        let why = moved.unreadable.unwrap();
        assert!(why.contains("offset 41") && why.contains("this is 40"), "{why}");
        let foreign = committed(41, |_| "by hand".to_owned());
        assert!(foreign.unreadable.unwrap().contains("not ours"));
    }

    #[test]
    fn no_metadata_is_no_retry() {
        let plain = committed(41, |_| String::new());
        assert_eq!((plain.retrying, plain.unreadable), (Vec::new(), None));
    }
}

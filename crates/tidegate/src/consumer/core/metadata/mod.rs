//! What travels with a commit: the state of records that wait for a retry, and what is finished above it (rules 8, 20).
//!
//! The text is one line of fields, in this order, one space between them. It is version 4; version n reads n-1, which here
//! has no `topic`. `tests/golden/commit-metadata-v3.txt` and `-v4.txt` pin both.
//!
//! ```text
//! tidegate/4 crc=8f2b01aa cluster=Xk3 partition=orders/2 topic=9wOz... base=41 start=7 schedule=4:90 retry=0:2:1:1764000005000:5000:1200,3:... done=r1.2
//!            │            │           │                  │             │       │       │             │                                             │
//!            │            │           │                  │             │       │       │             │                         finished above base ┘
//!            │            │           │                  │             │       │       │             └ one entry for each record that has failed:
//!            │            │           │                  │             │       │       │               offset - base : attempts : of these unknown
//!            │            │           │                  │             │       │       │               : due : delay : active age (ms; due: wall clock)
//!            │            │           │                  │             │       │       └ the ownership's term : the end of the companion that it had read
//!            │            │           │                  │             │       └ log start when the group first saw the partition
//!            │            │           │                  │             └ the committed offset
//!            │            │           │                  └ which topic of that name; empty where the log does not say
//!            │            └ every byte but [A-Za-z0-9._~-] as %XX
//!            └ CRC-32 of what follows it and a space
//! ```
//!
//! It is only used for the log that it was written for: another cluster, partition or committed offset, or a log that
//! starts lower than it once did (created anew), means that it is ignored, and the records are run again. Another topic of the
//! same name in the same cluster means that the committed offset is void as well (rule 7).

mod done;
mod read;

use std::fmt::Write;
use std::time::Duration;

use crate::consumer::core::Fence;
use crate::consumer::core::percent::escape;
use crate::message::{Offset, Timestamp, TopicId, TopicPartition};

pub use done::DoneAbove;

const VERSION: &str = "tidegate/4";
const BEFORE: &str = "tidegate/3";
/// ` crc=8f2b01aa `
const CRC_FIELD: usize = 14;

/// A record that has failed and waits for its next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryState {
    /// The record.
    pub offset: Offset,
    /// Handler calls so far.
    pub attempts: u32,
    /// Those of them that panicked or were cut off.
    pub unknown: u32,
    /// When the next attempt is due, by the wall clock. Fixed when the last one failed (rule 19).
    pub due: Timestamp,
    /// The delay that was drawn then: whatever the wall clock says, nobody waits longer.
    pub delay: Duration,
    /// How long the record had been tried then.
    pub active: Duration,
}

/// The content of a commit's metadata, version 4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitMetadata {
    /// The cluster whose log it is about.
    pub cluster_id: String,
    /// The partition.
    pub partition: TopicPartition,
    /// Which topic of its name the committer read. `None` where the log did not say, and in version 3.
    pub topic_id: Option<TopicId>,
    /// The committed offset that it came with.
    pub base: Offset,
    /// The log's first offset when the group first saw the partition. A log never starts lower later on.
    pub log_start: Offset,
    /// The ownership's term, and how far it had read the companion when it began.
    pub fence: Fence,
    /// Records that have failed, by offset; none is below `base`.
    pub retries: Vec<RetryState>,
    /// What is finished, or is no record, above `base`.
    pub done: DoneAbove,
}

/// Commit metadata that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// Written by something else, or by a later version.
    #[error(
        "it begins with neither {VERSION} nor {BEFORE}: not ours, or written by a newer version"
    )]
    Version,
    /// A field is missing, out of place, or has no legal value.
    #[error("its field `{0}` is missing or not legal")]
    Field(&'static str),
    /// Damaged.
    #[error("its checksum is wrong")]
    Checksum,
    /// It is about something else.
    #[error("it was written for {what} {theirs}, and this is {ours}")]
    Mismatch {
        /// What differs.
        what: &'static str,
        /// As written.
        theirs: String,
        /// As it is.
        ours: String,
    },
}

impl CommitMetadata {
    /// The text of version 4.
    #[must_use]
    pub fn encode(&self) -> String {
        self.clone().encode_within(usize::MAX).0
    }

    /// The text in at most `limit` bytes, and whether everything is in there. Retries come first, the highest are left
    /// out; then as much as fits of what is finished, from below. Empty when nothing fits.
    pub(crate) fn encode_within(mut self, limit: usize) -> (String, bool) {
        let mut all = true;
        loop {
            let body = self.encode_body();
            let Some(left) = limit.checked_sub(VERSION.len() + CRC_FIELD + body.len()) else {
                all = false;
                if self.retries.pop().is_none() {
                    return (String::new(), false);
                }
                continue;
            };
            let (done, complete) = self.done.encode(self.base, left);
            let body = format!("{body}{done}");
            let text = format!("{VERSION} crc={:08x} {body}", crc32fast::hash(body.as_bytes()));
            return (text, all && complete);
        }
    }

    fn encode_body(&self) -> String {
        format!(
            "cluster={} partition={} topic={} base={} start={} schedule={}:{} retry={} done=",
            escape(&self.cluster_id),
            self.partition,
            self.topic_id.map_or_else(String::new, |id| id.to_string()),
            self.base,
            self.log_start,
            self.fence.term,
            self.fence.end,
            self.encode_retries(),
        )
    }

    fn encode_retries(&self) -> String {
        let mut text = String::new();
        for retry in &self.retries {
            let comma = if text.is_empty() { "" } else { "," };
            let delta = retry.offset.0.saturating_sub(self.base.0);
            let (attempts, unknown, due) = (retry.attempts, retry.unknown, retry.due.0);
            let (delay, active) = (retry.delay.as_millis(), retry.active.as_millis());
            write!(text, "{comma}{delta}:{attempts}:{unknown}:{due}:{delay}:{active}")
                .expect("writing to a string cannot fail");
        }
        text
    }

    /// Whether it was written for another topic of this name, so that the offset that came with it means nothing. What was
    /// copied from another cluster may mean something: whoever copied it has translated the offset.
    #[must_use]
    pub fn is_of_another_topic(
        &self,
        cluster_id: &str,
        partition: &TopicPartition,
        topic_id: Option<TopicId>,
    ) -> bool {
        let other = self.topic_id.zip(topic_id).is_some_and(|(theirs, ours)| theirs != ours);
        other && self.cluster_id == cluster_id && self.partition == *partition
    }

    /// Whether it was written for this log and this commit.
    ///
    /// # Errors
    /// [`MetadataError::Mismatch`] says what differs.
    pub fn fits(
        &self,
        cluster_id: &str,
        partition: &TopicPartition,
        committed: Offset,
        log_start: Offset,
    ) -> Result<(), MetadataError> {
        let differ = |what, theirs: &dyn ToString, ours: &dyn ToString| {
            Err(MetadataError::Mismatch {
                what,
                theirs: theirs.to_string(),
                ours: ours.to_string(),
            })
        };
        if self.cluster_id != cluster_id {
            return differ("cluster", &self.cluster_id, &cluster_id);
        }
        if self.partition != *partition {
            return differ("partition", &self.partition, partition);
        }
        if self.base != committed {
            return differ("offset", &self.base, &committed);
        }
        if log_start < self.log_start {
            return differ("a log that starts at", &self.log_start, &log_start);
        }
        Ok(())
    }
}

//! What came with a commit: Tidegate's own notes about retries, or somebody else's text.

use serde::Serialize;
use tidegate::broker::PartitionLag;
use tidegate::consumer::core::metadata::{CommitMetadata, DoneAbove, MetadataError, RetryState};

use crate::output::{cut, shown};

/// The metadata of a commit, read.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Metadata {
    /// Ours, and about this log.
    Tidegate { log_start: u64, retries: Vec<Waiting>, done_above: Vec<Range> },
    /// Ours, but damaged or about something else: the group ignores it, and runs the records again.
    Unusable { reason: String },
    /// Written by something else.
    Other { text: String },
}

/// Finished offsets above the commit: nobody runs them again.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Range {
    from: u64,
    to: u64,
}

/// A record that has failed, and waits for its next attempt.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Waiting {
    offset: u64,
    attempts: u32,
    unknown: u32,
    due: String,
}

impl Metadata {
    /// `None` where the commit has none, or there is no commit.
    pub(super) fn of(lag: &PartitionLag, cluster_id: &str) -> Option<Self> {
        let committed =
            lag.committed.as_ref().filter(|committed| !committed.metadata.is_empty())?;
        let text = &committed.metadata;
        let fits = |found: CommitMetadata| {
            let start = lag.watermarks.start;
            found.fits(cluster_id, &lag.partition, committed.offset, start).map(|()| found)
        };
        Some(match CommitMetadata::decode(text).and_then(fits) {
            Ok(found) => Self::Tidegate {
                log_start: found.log_start.0,
                retries: found.retries.iter().map(Waiting::of).collect(),
                done_above: ranges(&found.done),
            },
            Err(MetadataError::Version) => Self::Other { text: text.clone() },
            Err(error) => Self::Unusable { reason: error.to_string() },
        })
    }

    /// On one line; empty where there is nothing to tell.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Tidegate { retries, done_above, .. } => match retries.as_slice() {
                [] if !done_above.is_empty() => {
                    let done: u64 = done_above.iter().map(|range| range.to - range.from).sum();
                    format!("{done} offsets above it are finished")
                }
                [] => String::new(),
                [first] => first.line(),
                [first, more @ ..] => format!("{} (and {} more)", first.line(), more.len()),
            },
            Self::Unusable { reason } => format!("metadata ignored: {}", cut(reason, 100)),
            Self::Other { text } => format!("metadata of others: {}", cut(text, 40)),
        }
    }
}

fn ranges(done: &DoneAbove) -> Vec<Range> {
    done.ranges().map(|(from, to)| Range { from: from.0, to: to.0 }).collect()
}

impl Waiting {
    fn of(state: &RetryState) -> Self {
        Self {
            offset: state.offset.0,
            attempts: state.attempts,
            unknown: state.unknown,
            due: shown(state.due),
        }
    }

    fn line(&self) -> String {
        format!(
            "retrying offset {}: {} attempts so far, next due {}",
            self.offset, self.attempts, self.due
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tidegate::broker::{Committed, Watermarks};
    use tidegate::message::{Offset, Partition, Timestamp, TopicName, TopicPartition};

    use super::*;

    fn place() -> TopicPartition {
        TopicPartition::new(TopicName::new("orders").unwrap(), Partition(2))
    }

    fn ours() -> CommitMetadata {
        let due = Timestamp(1_764_000_005_000);
        let waiting = |offset| RetryState {
            offset: Offset(offset),
            attempts: 2,
            unknown: 1,
            due,
            delay: Duration::from_secs(5),
            active: Duration::ZERO,
        };
        CommitMetadata {
            cluster_id: "c".into(),
            partition: place(),
            topic_id: None,
            base: Offset(41),
            log_start: Offset(7),
            fence: tidegate::consumer::core::Fence::default(),
            retries: vec![waiting(41), waiting(44)],
            done: DoneAbove::default(),
        }
    }

    fn read(offset: u64, metadata: &str) -> Option<Metadata> {
        let committed = Committed { offset: Offset(offset), metadata: metadata.into() };
        let watermarks = Watermarks { start: Offset(7), end: Offset(50) };
        let lag =
            PartitionLag { partition: place(), committed: Some(committed), watermarks, lag: 9 };
        Metadata::of(&lag, "c")
    }

    #[test]
    fn retries_are_told_with_offset_attempts_and_due_time() {
        let line = read(41, &ours().encode()).unwrap().line();
        let expected =
            "retrying offset 41: 2 attempts so far, next due 2025-11-24T16:00:05.000Z (and 1 more)";
        assert_eq!(line, expected);
    }

    #[test]
    fn what_is_finished_above_the_commit_is_told() {
        let mut done = DoneAbove::default();
        done.push(Offset(43), Offset(46));
        let metadata = CommitMetadata { retries: Vec::new(), done, ..ours() };
        let told = read(41, &metadata.encode()).unwrap();
        assert_eq!(told.line(), "3 offsets above it are finished");
    }

    #[test]
    fn what_the_group_would_ignore_is_told_as_ignored() {
        assert_eq!(read(41, ""), None);
        let stale = read(42, &ours().encode()).unwrap();
        assert!(
            stale.line().starts_with("metadata ignored: it was written for offset 41"),
            "{stale:?}"
        );
        let damaged = read(41, &ours().encode().replace("base=41", "base=40")).unwrap();
        assert!(damaged.line().contains("checksum"), "{damaged:?}");
        let other = read(41, "mine\u{1b}[2J").unwrap();
        assert_eq!(other.line(), "metadata of others: mine\\u{1b}[2J");
    }
}

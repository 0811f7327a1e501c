//! A companion topic as it must be: made so, or refused at the start with what is wrong.

use crate::broker::{Cleanup, NewTopic, Retention, TopicInfo};
use crate::message::TopicName;

/// A companion takes so much more than its source: what is known of a record comes on top of it (rule 5).
pub(crate) const ROOM: usize = 64 * 1024;

/// The companion of a source topic: as many partitions, compacted, and room for every record of the source.
pub(crate) fn topic(name: TopicName, source: &TopicInfo) -> NewTopic {
    NewTopic {
        max_message_bytes: Some(needed(source)),
        ..NewTopic::new(name, source.partitions).compacted()
    }
}

fn needed(source: &TopicInfo) -> usize {
    source.max_message_bytes.saturating_add(ROOM)
}

/// What is wrong with a companion; [`remedy`](Self::remedy) says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CompanionError {
    /// Rule 12: the state of a partition has no place to be.
    #[error("companion {companion} has {has} partitions: its source {source_topic} has {needs}")]
    Partitions {
        /// The companion.
        companion: TopicName,
        /// What it is for.
        source_topic: TopicName,
        /// Partitions of the companion.
        has: u32,
        /// Partitions of the source.
        needs: u32,
    },
    /// What waits would be gone before its time.
    #[error("companion {companion} of {source_topic} has the cleanup policy `{policy}`: entries would be deleted")]
    Cleanup {
        /// The companion.
        companion: TopicName,
        /// What it is for.
        source_topic: TopicName,
        /// As Kafka says it.
        policy: &'static str,
    },
    /// Rule 5: a record of the source might not fit.
    #[error("companion {companion} takes records of {has} bytes: the records of its source {source_topic} need {needs}")]
    TooSmall {
        /// The companion.
        companion: TopicName,
        /// What it is for.
        source_topic: TopicName,
        /// Bytes that it takes.
        has: usize,
        /// Bytes that it must take.
        needs: usize,
    },
}

impl CompanionError {
    /// What to do about it.
    pub(crate) const fn remedy(&self) -> &'static str {
        match self {
            Self::Partitions { .. } => {
                "add partitions to the companion until it has as many as its source, and always there first: order and \
                 deduplication by key do not span an increase"
            }
            Self::Cleanup { .. } => "set the companion's `cleanup.policy` to `compact` alone",
            Self::TooSmall { .. } => {
                "raise its `max.message.bytes` to the source's plus 65,536; if it is so already, let this user see it (on Kafka: \
                 the right DescribeConfigs)"
            }
        }
    }
}

/// Refuses a companion that could lose what is written to it, or not take it. One with more partitions than its source is good:
/// it was grown first. So is a cleanup policy that the cluster does not show.
///
/// # Errors
/// [`CompanionError`], the first that is found.
pub(crate) fn check(source: &TopicInfo, companion: &TopicInfo) -> Result<(), CompanionError> {
    let names = || (companion.name.clone(), source.name.clone());
    if companion.partitions < source.partitions {
        let (companion_name, source_topic) = names();
        return Err(CompanionError::Partitions {
            companion: companion_name,
            source_topic,
            has: companion.partitions,
            needs: source.partitions,
        });
    }
    if let Some(policy) = deleting(companion) {
        let (companion, source_topic) = names();
        return Err(CompanionError::Cleanup { companion, source_topic, policy });
    }
    let (has, needs) = (companion.max_message_bytes, needed(source));
    if has < needs {
        let (companion, source_topic) = names();
        return Err(CompanionError::TooSmall { companion, source_topic, has, needs });
    }
    Ok(())
}

/// The policy, where it deletes what nobody has replaced; one that is not known does not count.
fn deleting(topic: &TopicInfo) -> Option<&'static str> {
    match (topic.cleanup?, topic.retention) {
        (Cleanup::Delete, _) => Some("delete"),
        (Cleanup::Compact, Some(Retention::For(_))) => Some("compact,delete"),
        (Cleanup::Compact, Some(Retention::Forever) | None) => None,
    }
}

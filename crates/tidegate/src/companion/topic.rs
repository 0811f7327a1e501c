//! A companion topic as it must be: made so, or refused at the start with what is wrong.

use crate::broker::{Cleanup, NewTopic, Retention, TopicInfo};
use crate::message::TopicName;

/// A companion takes so much more than its source: what is known of a record comes on top of it (rule 5).
pub(crate) const ROOM: usize = 64 * 1024;

impl NewTopic {
    /// The companion of a source topic, in which its retries wait: as many partitions, compacted, and room for every record of the
    /// source ([`Service::retry_topic`](crate::service::Service::retry_topic)).
    #[must_use]
    pub fn companion(name: TopicName, source: &TopicInfo) -> Self {
        let room = Some(needed(source));
        Self { max_message_bytes: room, ..Self::new(name, source.partitions).compacted() }
    }
}

impl TopicInfo {
    /// Whether it can be the companion of that source, as the start of a service checks it.
    ///
    /// # Errors
    /// What is wrong with it, the first that is found.
    pub fn check_companion_of(&self, source: &Self) -> Result<(), CompanionError> {
        check(source, self)
    }
}

fn needed(source: &TopicInfo) -> usize {
    source.max_message_bytes.saturating_add(ROOM)
}

/// What is wrong with a companion; [`remedy`](Self::remedy) says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompanionError {
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
    #[error(
        "companion {companion} of {source_topic} has the cleanup policy `{policy}`: entries would be deleted"
    )]
    Cleanup {
        /// The companion.
        companion: TopicName,
        /// What it is for.
        source_topic: TopicName,
        /// As Kafka says it.
        policy: &'static str,
    },
    /// Rule 5: a record of the source might not fit.
    #[error(
        "companion {companion} takes records of {has} bytes: the records of its source {source_topic} need {needs}"
    )]
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
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
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
    let (has, needs) = (companion.partitions, source.partitions);
    if has < needs {
        let (companion, source_topic) = names();
        return Err(CompanionError::Partitions { companion, source_topic, has, needs });
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn name(name: &str) -> TopicName {
        TopicName::new(name).unwrap()
    }

    fn source() -> TopicInfo {
        TopicInfo {
            name: name("orders"),
            partitions: 6,
            max_message_bytes: 1_000,
            cleanup: Some(Cleanup::Delete),
            retention: Some(Retention::For(Duration::from_secs(60))),
        }
    }

    fn companion() -> TopicInfo {
        TopicInfo {
            name: name("orders.shop.retry"),
            max_message_bytes: 66_536,
            cleanup: Some(Cleanup::Compact),
            retention: Some(Retention::Forever),
            ..source()
        }
    }

    fn refusal(companion: &TopicInfo) -> Option<String> {
        check(&source(), companion).err().map(|error| {
            assert!(!error.remedy().is_empty());
            error.to_string()
        })
    }

    #[test]
    fn what_is_made_is_good() {
        let new = NewTopic::companion(name("orders.shop.retry"), &source());
        assert_eq!((new.partitions, new.cleanup, new.retention), (6, Cleanup::Compact, None));
        let made = TopicInfo {
            name: new.name,
            partitions: new.partitions,
            max_message_bytes: new.max_message_bytes.unwrap(),
            cleanup: Some(new.cleanup),
            retention: new.retention,
        };
        assert_eq!(check(&source(), &made), Ok(()));
    }

    #[test]
    fn rule_12_a_companion_has_a_partition_for_each_of_its_source() {
        let grown_first = TopicInfo { partitions: 7, ..companion() };
        assert_eq!(refusal(&grown_first), None);
        let fewer = TopicInfo { partitions: 5, ..companion() };
        let told = "companion orders.shop.retry has 5 partitions: its source orders has 6";
        assert_eq!(refusal(&fewer).as_deref(), Some(told));
    }

    #[test]
    fn a_companion_only_compacts() {
        let minute = Some(Retention::For(Duration::from_secs(60)));
        let with = |cleanup, retention| refusal(&TopicInfo { cleanup, retention, ..companion() });
        let told = |policy| {
            Some(format!(
                "companion orders.shop.retry of orders has the cleanup policy `{policy}`: entries would be deleted"
            ))
        };
        assert_eq!(with(Some(Cleanup::Delete), minute), told("delete"));
        assert_eq!(with(Some(Cleanup::Delete), Some(Retention::Forever)), told("delete"));
        assert_eq!(with(Some(Cleanup::Compact), minute), told("compact,delete"));
        assert_eq!(with(None, None), None, "not shown");
    }

    #[test]
    fn rule_5_a_companion_takes_every_record_of_its_source() {
        let small = TopicInfo { max_message_bytes: 66_535, ..companion() };
        let told = "companion orders.shop.retry takes records of 66535 bytes: the records of its source orders need 66536";
        assert_eq!(refusal(&small).as_deref(), Some(told));
    }
}

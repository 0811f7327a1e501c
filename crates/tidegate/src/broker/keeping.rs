//! What a topic's records are kept by: how long, and until which newer one.

use std::time::Duration;

#[cfg(feature = "embedded")]
use crate::broker::NewTopic;

/// What makes room in a topic (Kafka's `cleanup.policy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cleanup {
    /// Records go when they are older than the topic's [`Retention`], and not before (`delete`).
    #[default]
    Delete,
    /// A record may go when a newer one of its key follows (`compact`): at least the newest of each key stays, in its place
    /// and under its offset. A record without a value (a tombstone) removes what is older of its key, and goes itself a day
    /// later at the earliest, so that who began to read before sees it. Every record needs a key
    /// ([`PublishError::KeyMissing`](crate::broker::PublishError::KeyMissing)). With [`Retention::For`] old records go
    /// besides, whether or not a newer one follows (`compact,delete`).
    ///
    /// When that is done is the log's own business; nobody may count on a record being gone.
    Compact,
}

/// How long records are kept (Kafka's `retention.ms`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// Whatever their age.
    Forever,
    /// At least so long after their timestamp, to the millisecond. From the partition's beginning on: an old record behind a
    /// newer one waits for it.
    For(Duration),
}

#[cfg(any(feature = "embedded", feature = "kafka"))]
impl Retention {
    const FOREVER: i64 = -1;

    /// As Kafka says it.
    pub(crate) fn to_millis(self) -> i64 {
        match self {
            Self::Forever => Self::FOREVER,
            Self::For(age) => i64::try_from(age.as_millis()).unwrap_or(i64::MAX),
        }
    }

    pub(crate) fn of_millis(millis: i64) -> Self {
        u64::try_from(millis).map_or(Self::Forever, |age| Self::For(Duration::from_millis(age)))
    }
}

/// Both, of a topic as it stands.
#[cfg(feature = "embedded")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keeping {
    pub(crate) cleanup: Cleanup,
    pub(crate) retention: Retention,
}

#[cfg(feature = "embedded")]
impl Keeping {
    /// On a log that keeps records for ever where nobody says otherwise.
    pub(crate) fn of(topic: &NewTopic) -> Self {
        let retention = topic.retention.unwrap_or(Retention::Forever);
        Self { cleanup: topic.cleanup, retention }
    }

    pub(crate) fn compacts(self) -> bool {
        self.cleanup == Cleanup::Compact
    }
}

#[cfg(all(test, any(feature = "embedded", feature = "kafka")))]
mod tests {
    use super::*;

    #[test]
    fn a_retention_is_what_kafka_says() {
        assert_eq!(Retention::of_millis(-1), Retention::Forever);
        for millis in [-1, 0, 1, 604_800_000, i64::MAX] {
            assert_eq!(Retention::of_millis(millis).to_millis(), millis);
        }
        assert_eq!(Retention::For(Duration::MAX).to_millis(), i64::MAX);
    }
}

//! Where a dead letter stands, and where its record came from.

use std::fmt;
use std::str::FromStr;

use crate::headers::{Headers, names};
use crate::message::{Offset, Partition, Record, TopicName, TopicPartition};

/// A record's coordinates. As text `topic/partition/offset`: what markers, replay headers and audits call a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Coordinates {
    /// The partition.
    pub partition: TopicPartition,
    /// The offset in it.
    pub offset: Offset,
}

/// A text that is not `topic/partition/offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the coordinates of a record: expected topic/partition/offset")]
pub struct BadCoordinates;

impl Coordinates {
    /// Where this record stands.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        Self { partition: record.topic_partition(), offset: record.offset }
    }

    /// Where a dead letter came from first, as its headers say (rule 32). `None`: they do not.
    #[must_use]
    pub fn of_origin(headers: &Headers) -> Option<Self> {
        let topic = TopicName::new(headers.text(names::ORIGIN_TOPIC)?).ok()?;
        let partition = headers.text(names::ORIGIN_PARTITION)?.parse().ok()?;
        let offset = headers.text(names::ORIGIN_OFFSET)?.parse().ok()?;
        let partition = TopicPartition::new(topic, Partition(partition));
        Some(Self { partition, offset: Offset(offset) })
    }
}

impl fmt::Display for Coordinates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.partition, self.offset)
    }
}

impl FromStr for Coordinates {
    type Err = BadCoordinates;

    fn from_str(text: &str) -> Result<Self, BadCoordinates> {
        let mut parts = text.split('/');
        let (Some(topic), Some(partition), Some(offset), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(BadCoordinates);
        };
        let topic = TopicName::new(topic).map_err(|_| BadCoordinates)?;
        let partition = Partition(partition.parse().map_err(|_| BadCoordinates)?);
        let offset = Offset(offset.parse().map_err(|_| BadCoordinates)?);
        Ok(Self { partition: TopicPartition::new(topic, partition), offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_read_as_they_are_written() {
        let at: Coordinates = "orders_dlq/2/17".parse().unwrap();
        assert_eq!((at.partition.partition, at.offset), (Partition(2), Offset(17)));
        assert_eq!(at.to_string(), "orders_dlq/2/17");
        for wrong in ["", "a/b", "a/1", "a/1/2/3", "a b/1/2", "a/-1/2", "a/1/x"] {
            assert!(wrong.parse::<Coordinates>().is_err(), "{wrong:?}");
        }
    }
}

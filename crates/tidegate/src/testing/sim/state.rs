//! What the log holds.

use std::collections::BTreeMap;

use super::part::Part;
use crate::broker::partitioner::partition_of;
use crate::broker::{
    AdminError, BrokerError, Committed, Keeping, NewTopic, PartitionLag, PublishError, TopicInfo,
    Watermarks,
};
use crate::message::{NewRecord, Offset, Partition, Record, Timestamp, TopicName, TopicPartition};

/// Everything that survives a crash of a process.
#[derive(Debug, Default)]
pub(super) struct State {
    topics: BTreeMap<TopicName, Topic>,
    pub(super) commits: BTreeMap<String, BTreeMap<TopicPartition, Committed>>,
}

#[derive(Debug)]
struct Topic {
    partitions: Vec<Part>,
    max_message_bytes: usize,
    keeping: Keeping,
    /// The partition of the next record without a key.
    turn: u32,
}

impl State {
    /// What survives the broker.
    pub(super) fn kept(&self) -> Self {
        let topic = |(name, topic): (&TopicName, &Topic)| {
            let partitions = topic.partitions.iter().map(Part::kept).collect();
            (name.clone(), Topic { partitions, ..*topic })
        };
        Self { topics: self.topics.iter().map(topic).collect(), commits: self.commits.clone() }
    }

    /// Makes room where topics ask for it.
    pub(super) fn keep(&mut self, now: Timestamp) {
        for topic in self.topics.values_mut() {
            topic.partitions.iter_mut().for_each(|part| part.keep(topic.keeping, now));
        }
    }

    pub(super) fn wake_all(&mut self) {
        let parts = self.topics.values_mut().flat_map(|topic| &mut topic.partitions);
        parts.for_each(Part::wake);
    }

    fn topic(&self, name: &TopicName) -> Result<&Topic, BrokerError> {
        self.topics.get(name).ok_or_else(|| BrokerError::UnknownTopic(name.clone()))
    }

    pub(super) fn partition(&self, at: &TopicPartition) -> Result<&Part, BrokerError> {
        let part = self.topic(&at.topic)?.partitions.get(at.partition.0 as usize);
        part.ok_or_else(|| BrokerError::UnknownPartition(at.clone()))
    }

    pub(super) fn partition_mut(&mut self, at: &TopicPartition) -> Result<&mut Part, BrokerError> {
        let unknown = || BrokerError::UnknownTopic(at.topic.clone());
        let topic = self.topics.get_mut(&at.topic).ok_or_else(unknown)?;
        let part = topic.partitions.get_mut(at.partition.0 as usize);
        part.ok_or_else(|| BrokerError::UnknownPartition(at.clone()))
    }

    pub(super) fn partitions(&self, name: &TopicName) -> Result<Vec<TopicPartition>, BrokerError> {
        let count = self.topic(name)?.partitions.len();
        let place = |n| TopicPartition::new(name.clone(), Partition(n));
        Ok((0..u32::try_from(count).unwrap_or(u32::MAX)).map(place).collect())
    }

    pub(super) fn create(&mut self, topic: NewTopic) -> Result<(), AdminError> {
        if topic.partitions == 0 {
            let reason = "it needs at least one partition".to_owned();
            return Err(AdminError::InvalidTopic { topic: topic.name, reason });
        }
        if self.topics.contains_key(&topic.name) {
            return Err(AdminError::TopicExists(topic.name));
        }
        let limit = topic.max_message_bytes.unwrap_or(NewTopic::DEFAULT_MAX_MESSAGE_BYTES);
        let partitions = (0..topic.partitions).map(|_| Part::default()).collect();
        let keeping = Keeping::of(&topic);
        let made = Topic { partitions, max_message_bytes: limit, keeping, turn: 0 };
        self.topics.insert(topic.name, made);
        Ok(())
    }

    /// More partitions; none where there is no such topic.
    pub(super) fn grow(&mut self, name: &TopicName, by: u32) -> Vec<TopicPartition> {
        let Some(topic) = self.topics.get_mut(name) else { return Vec::new() };
        let before = topic.partitions.len();
        topic.partitions.extend((0..by).map(|_| Part::default()));
        self.partitions(name).map(|all| all[before..].to_vec()).unwrap_or_default()
    }

    pub(super) fn infos(&self) -> Vec<TopicInfo> {
        let info = |(name, topic): (&TopicName, &Topic)| TopicInfo {
            name: name.clone(),
            partitions: u32::try_from(topic.partitions.len()).unwrap_or(u32::MAX),
            max_message_bytes: topic.max_message_bytes,
            cleanup: Some(topic.keeping.cleanup),
            retention: Some(topic.keeping.retention),
        };
        self.topics.iter().map(info).collect()
    }

    /// Chooses the partition of a record, and refuses what can never be written.
    pub(super) fn place(&mut self, record: &NewRecord) -> Result<TopicPartition, PublishError> {
        let name = &record.topic;
        let unknown = || PublishError::UnknownTopic(name.clone());
        let topic = self.topics.get_mut(name).ok_or_else(unknown)?;
        if topic.keeping.compacts() && record.key.is_none() {
            return Err(PublishError::KeyMissing(name.clone()));
        }
        let count = u32::try_from(topic.partitions.len()).unwrap_or(u32::MAX);
        let partition = match (record.partition, &record.key) {
            (Some(partition), _) => partition,
            (None, Some(key)) => partition_of(key, count),
            (None, None) => {
                topic.turn = (topic.turn + 1) % count;
                Partition(topic.turn)
            }
        };
        let place = TopicPartition::new(name.clone(), partition);
        if partition.0 >= count {
            return Err(PublishError::UnknownPartition(place));
        }
        let (size, limit) = (record.size(), topic.max_message_bytes);
        if size > limit {
            return Err(PublishError::TooLarge { topic: name.clone(), size, limit });
        }
        Ok(place)
    }

    /// Appends a record that has its place.
    pub(super) fn append(
        &mut self,
        at: &TopicPartition,
        record: NewRecord,
        now: Timestamp,
    ) -> Result<Record, PublishError> {
        let gone = |_| PublishError::UnknownPartition(at.clone());
        let part = self.partition_mut(at).map_err(gone)?;
        let offset = part.end;
        part.end = offset.next();
        let record = Record {
            topic: record.topic,
            partition: at.partition,
            offset,
            timestamp: record.timestamp.unwrap_or(now),
            key: record.key,
            value: record.value,
            headers: record.headers,
        };
        part.records.push(record.clone());
        part.wake();
        Ok(record)
    }

    pub(super) fn delete(
        &mut self,
        at: &TopicPartition,
        before: Offset,
    ) -> Result<Offset, AdminError> {
        let part = self.partition_mut(at)?;
        let Watermarks { start, end } = part.bounds();
        if before > end {
            let (partition, offset) = (at.clone(), before);
            return Err(BrokerError::OutOfRange { partition, offset, start, end }.into());
        }
        part.start = start.max(before);
        let start = part.start;
        part.records.retain(|record| record.offset >= start);
        part.wake();
        Ok(start)
    }

    pub(super) fn lag(
        &self,
        group: &str,
        topic: &TopicName,
    ) -> Result<Vec<PartitionLag>, BrokerError> {
        let commits = self.commits.get(group);
        let row = |partition: TopicPartition| {
            let part = self.partition(&partition)?;
            let committed = commits.and_then(|commits| commits.get(&partition)).cloned();
            let from = committed.as_ref().map_or(part.start, |c| c.offset.max(part.start));
            // Offsets without a record are no lag: nobody will ever get them.
            let next = part.records.partition_point(|record| record.offset < from);
            let from = part.records.get(next).map_or(part.end, |record| record.offset);
            let lag = part.end.0.saturating_sub(from.0);
            Ok(PartitionLag { partition, committed, watermarks: part.bounds(), lag })
        };
        self.partitions(topic)?.into_iter().map(row).collect()
    }
}

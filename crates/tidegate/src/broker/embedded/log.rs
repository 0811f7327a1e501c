//! What is known of the log without reading the file: topics, bounds, and the newest records.

mod partition;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

pub(super) use self::partition::{Bounds, PartitionLog, TailRead, Watch};
use super::sync::{read, write};
use crate::broker::partitioner::partition_of;
use crate::broker::{BrokerError, Keeping, TopicInfo};
use crate::message::{Partition, TopicName, TopicPartition};

/// All topics.
#[derive(Debug)]
pub(super) struct Log {
    topics: RwLock<BTreeMap<TopicName, Arc<Topic>>>,
    tail_bytes: usize,
    partitions: AtomicUsize,
}

impl Log {
    pub(super) fn new(tail_bytes: usize) -> Self {
        Self { topics: RwLock::default(), tail_bytes, partitions: AtomicUsize::new(0) }
    }

    pub(super) fn add(&self, topic: Topic) {
        self.partitions.fetch_add(topic.partitions.len(), Ordering::Relaxed);
        write(&self.topics).insert(topic.name.clone(), Arc::new(topic));
    }

    /// What one partition may keep in memory: a fair share of the whole.
    pub(super) fn tail_share(&self) -> usize {
        self.tail_bytes / self.partitions.load(Ordering::Relaxed).max(1)
    }

    pub(super) fn topic(&self, name: &TopicName) -> Result<Arc<Topic>, BrokerError> {
        let found = read(&self.topics).get(name).cloned();
        found.ok_or_else(|| BrokerError::UnknownTopic(name.clone()))
    }

    pub(super) fn partition(
        &self,
        place: &TopicPartition,
    ) -> Result<Arc<PartitionLog>, BrokerError> {
        let topic = self.topic(&place.topic)?;
        let found = topic.partitions.get(place.partition.0 as usize).cloned();
        found.ok_or_else(|| BrokerError::UnknownPartition(place.clone()))
    }

    /// By name.
    pub(super) fn topics(&self) -> Vec<Arc<Topic>> {
        read(&self.topics).values().cloned().collect()
    }

    /// Of all topics, by topic and number.
    pub(super) fn all_partitions(&self) -> Vec<Arc<PartitionLog>> {
        self.topics().iter().flat_map(|t| t.partitions.iter().cloned()).collect()
    }
}

/// One topic.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) name: TopicName,
    pub(super) max_message_bytes: usize,
    pub(super) keeping: Keeping,
    pub(super) partitions: Vec<Arc<PartitionLog>>,
    /// Deals out records that have neither partition nor key.
    turn: AtomicU32,
}

impl Topic {
    /// A topic whose partitions have these bounds.
    pub(super) fn new(
        id: u32,
        name: TopicName,
        max_message_bytes: usize,
        keeping: Keeping,
        bounds: Vec<Bounds>,
    ) -> Self {
        let partition = |(number, bounds): (usize, Bounds)| {
            let number = u32::try_from(number).expect("the number of partitions is a u32");
            let place = TopicPartition::new(name.clone(), Partition(number));
            Arc::new(PartitionLog::new((id, number), place, keeping, bounds))
        };
        let partitions = bounds.into_iter().enumerate().map(partition).collect();
        Self { name, max_message_bytes, keeping, partitions, turn: AtomicU32::new(0) }
    }

    /// The partition of a record that names none: by its key, else each in turn.
    pub(super) fn choose(&self, key: Option<&[u8]>) -> &Arc<PartitionLog> {
        let count = self.partitions.len() as u32;
        let number = match key {
            Some(key) => partition_of(key, count).0,
            None => self.turn.fetch_add(1, Ordering::Relaxed) % count,
        };
        &self.partitions[number as usize]
    }

    pub(super) fn info(&self) -> TopicInfo {
        TopicInfo {
            name: self.name.clone(),
            partitions: self.partitions.len() as u32,
            max_message_bytes: self.max_message_bytes,
            cleanup: Some(self.keeping.cleanup),
            retention: Some(self.keeping.retention),
        }
    }
}

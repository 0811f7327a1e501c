//! Reading a topic from its newest record back to its oldest.
//!
//! ```text
//!  partition 0   ....[ chunk ][ chunk ]◀─ end when the scan began
//!  partition 1        ....[ chunk ]◀─ end
//!                              └── heads of all partitions: the newest goes out first
//! ```

use crate::broker::{Broker, BrokerError, FetchLimit, Watermarks};
use crate::message::{Offset, Record, TopicName, TopicPartition};

/// Records of the first chunk of a partition.
const FIRST_CHUNK: u64 = 64;
/// The most records of a chunk.
const MAX_CHUNK: u64 = 1024;
/// A chunk over this many bytes makes the next one half as long; under a quarter of it, twice as long.
const CHUNK_BYTES: usize = 4 << 20;

/// All records of a topic, newest first.
///
/// The ends are fixed when the scan is opened, so that what arrives meanwhile changes nothing (rule 36: the set is
/// frozen). Within a partition the order is that of offsets; between partitions the timestamp decides. Records that
/// are deleted under the scan are left out. It holds about one chunk a partition in memory, however long the topic is
/// (tests `newest_first_over_all_partitions`, `deleted_records_are_left_out`).
#[derive(Debug)]
pub struct NewestFirst {
    broker: Broker,
    tails: Vec<Tail>,
}

/// The unread rest of one partition.
#[derive(Debug)]
struct Tail {
    partition: TopicPartition,
    bounds: Watermarks,
    /// Everything from here on was read.
    below: Offset,
    /// Read and not handed out yet, oldest first.
    buffer: Vec<Record>,
    chunk: u64,
}

impl NewestFirst {
    /// Starts at the present ends of the topic's partitions.
    ///
    /// # Errors
    /// [`BrokerError::UnknownTopic`]; and whatever reading the bounds fails with.
    pub async fn open(broker: Broker, topic: &TopicName) -> Result<Self, BrokerError> {
        let mut tails = Vec::new();
        for partition in partitions(&broker, topic).await? {
            let bounds = broker.watermarks(partition.clone()).await?;
            tails.push(Tail::new(partition, bounds));
        }
        Ok(Self { broker, tails })
    }

    /// The bounds that the scan works in, by partition.
    pub fn bounds(&self) -> impl Iterator<Item = (&TopicPartition, Watermarks)> {
        self.tails.iter().map(|tail| (&tail.partition, tail.bounds))
    }

    /// The next older record; `None` when all were handed out.
    ///
    /// # Errors
    /// Whatever reading fails with. Another call goes on where this one stopped.
    pub async fn next(&mut self) -> Result<Option<Record>, BrokerError> {
        for tail in &mut self.tails {
            tail.fill(&self.broker).await?;
        }
        let newest = self.tails.iter_mut().max_by_key(|tail| tail.head());
        Ok(newest.and_then(|tail| tail.buffer.pop()))
    }
}

/// The partitions of a topic, by number.
///
/// # Errors
/// [`BrokerError::UnknownTopic`]; and whatever listing topics fails with.
pub async fn partitions(
    broker: &Broker,
    topic: &TopicName,
) -> Result<Vec<TopicPartition>, BrokerError> {
    let topics = broker.topics().await?;
    let info = topics.iter().find(|info| info.name == *topic);
    let count = info.ok_or_else(|| BrokerError::UnknownTopic(topic.clone()))?.partitions;
    let numbered = |number| TopicPartition::new(topic.clone(), crate::message::Partition(number));
    Ok((0..count).map(numbered).collect())
}

impl Tail {
    fn new(partition: TopicPartition, bounds: Watermarks) -> Self {
        Self { partition, bounds, below: bounds.end, buffer: Vec::new(), chunk: FIRST_CHUNK }
    }

    /// Orders tails by their newest unread record; an exhausted one comes last.
    fn head(&self) -> Option<crate::message::Timestamp> {
        self.buffer.last().map(|record| record.timestamp)
    }

    /// Reads older chunks until something is buffered, or nothing is left. A chunk may be all gaps.
    async fn fill(&mut self, broker: &Broker) -> Result<(), BrokerError> {
        while self.buffer.is_empty() && self.below > self.bounds.start {
            let from = Offset(self.below.0.saturating_sub(self.chunk).max(self.bounds.start.0));
            match read_range(broker, &self.partition, from, self.below).await {
                Ok(records) => self.take(from, records),
                Err(BrokerError::OutOfRange { start, .. }) if start > from => {
                    self.bounds.start = start;
                }
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    fn take(&mut self, from: Offset, records: Vec<Record>) {
        let bytes: usize = records.iter().map(Record::size).sum();
        if bytes > CHUNK_BYTES {
            self.chunk = (self.chunk / 2).max(1);
        } else if bytes < CHUNK_BYTES / 4 {
            self.chunk = (self.chunk * 2).min(MAX_CHUNK);
        }
        self.below = from;
        self.buffer = records;
    }
}

/// The records of `from..to`, oldest first.
async fn read_range(
    broker: &Broker,
    partition: &TopicPartition,
    from: Offset,
    to: Offset,
) -> Result<Vec<Record>, BrokerError> {
    let mut records = Vec::new();
    let mut next = from;
    while next < to {
        let limit = FetchLimit { records: (to.0 - next.0) as usize, ..FetchLimit::default() };
        let fetched = broker.fetch(partition.clone(), next, limit).await?;
        records.extend(fetched.records.into_iter().filter(|record| record.offset < to));
        if fetched.next <= next {
            break;
        }
        next = fetched.next;
    }
    Ok(records)
}

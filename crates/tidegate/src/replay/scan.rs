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

#[cfg(all(test, feature = "embedded"))]
#[allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]
mod tests {
    use super::*;
    use crate::broker::NewTopic;
    use crate::message::{NewRecord, Partition, Timestamp};

    fn topic() -> TopicName {
        TopicName::new("dead").unwrap()
    }

    /// A log with these records: partition, time, bytes of the value.
    async fn log(records: &[(u32, i64, usize)]) -> Broker {
        let broker = Broker::in_memory();
        let created = broker.create_topics(vec![NewTopic::new(topic(), 2)]).await;
        assert_eq!(created, [Ok(())]);
        let record = |&(partition, time, bytes): &(u32, i64, usize)| {
            let record = NewRecord::new(topic()).value(vec![b'x'; bytes]);
            NewRecord { timestamp: Some(Timestamp(time)), ..record.partition(Partition(partition)) }
        };
        for batch in records.chunks(500) {
            let acks = broker.publish(batch.iter().map(record).collect()).await;
            assert!(acks.iter().all(Result::is_ok), "{acks:?}");
        }
        broker
    }

    async fn all(scan: &mut NewestFirst) -> Vec<(u32, u64)> {
        let mut seen = Vec::new();
        while let Some(record) = scan.next().await.unwrap() {
            seen.push((record.partition.0, record.offset.0));
        }
        seen
    }

    #[tokio::test]
    async fn newest_first_over_all_partitions() {
        let broker = log(&[(0, 1, 0), (1, 2, 0), (0, 3, 0), (0, 5, 0), (1, 4, 0)]).await;
        let mut scan = NewestFirst::open(broker, &topic()).await.unwrap();
        assert_eq!(all(&mut scan).await, [(0, 2), (1, 1), (0, 1), (1, 0), (0, 0)]);
    }

    #[tokio::test]
    async fn every_record_of_many_chunks_comes_once() {
        // The large ones make chunks shrink on the way.
        let sizes = |n: usize| if n.is_multiple_of(100) { 200_000 } else { 10 };
        let records: Vec<_> = (0..3_000).map(|n| (0, n as i64, sizes(n))).collect();
        let broker = log(&records).await;
        let mut scan = NewestFirst::open(broker, &topic()).await.unwrap();
        let expected: Vec<_> = (0..3_000).rev().map(|offset| (0, offset)).collect();
        assert_eq!(all(&mut scan).await, expected);
    }

    #[tokio::test]
    async fn rule_36_what_arrives_during_a_scan_is_not_part_of_it() {
        let broker = log(&[(0, 1, 0)]).await;
        let mut scan = NewestFirst::open(broker.clone(), &topic()).await.unwrap();
        broker.publish(vec![NewRecord::new(topic()).partition(Partition(0))]).await;
        assert_eq!(all(&mut scan).await, [(0, 0)]);
    }

    #[tokio::test]
    async fn deleted_records_are_left_out() {
        let records: Vec<_> = (0..200).map(|n| (0, n, 0)).collect();
        let broker = log(&records).await;
        let mut scan = NewestFirst::open(broker.clone(), &topic()).await.unwrap();
        assert_eq!(scan.next().await.unwrap().unwrap().offset, Offset(199));
        let partition = TopicPartition::new(topic(), Partition(0));
        broker.delete_records(partition, Offset(110)).await.unwrap();
        let rest = all(&mut scan).await;
        assert_eq!(rest.len(), 199 - 110, "{rest:?}");
    }

    #[tokio::test]
    async fn an_unknown_topic_is_named() {
        let error = NewestFirst::open(Broker::in_memory(), &topic()).await.unwrap_err();
        assert_eq!(error, BrokerError::UnknownTopic(topic()));
    }
}

//! Reads of several partitions of a topic: one client for all of them, however many there are.
//!
//! What one error says of one partition the client does not tell: then each partition is read by itself (`fetch.rs`), which finds
//! out, and the client is not used again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Inner;
use super::fetch::{SLICE, Waiting};
use super::readers::{Heard, Readers};
use super::waiting::QUESTION;
use crate::broker::{BrokerError, FetchLimit, Fetched, Watermarks};
use crate::message::{Offset, Partition, Record, TopicName, TopicPartition};

/// The answer for each partition that has one.
type Answers = Vec<(Partition, Result<Fetched, BrokerError>)>;

impl Inner {
    pub(super) async fn fetch_any(
        self: &Arc<Self>,
        topic: TopicName,
        from: Vec<(Partition, Offset)>,
        limit: FetchLimit,
    ) -> Answers {
        let waiting = Waiting::default();
        let abandoned = waiting.0.clone();
        let asked = from.clone();
        let read = move |inner: &Self| Ok(inner.read_any(&topic, &from, limit, &abandoned));
        match self.blocking(read).await {
            Ok(answers) => answers,
            Err(error) => asked.iter().map(|(number, _)| (*number, Err(error.clone()))).collect(),
        }
    }

    fn read_any(
        &self,
        topic: &TopicName,
        from: &[(Partition, Offset)],
        limit: FetchLimit,
        abandoned: &AtomicBool,
    ) -> Answers {
        let kept = &self.cluster.followers;
        let readers = kept.take(|readers| readers.is_of(topic));
        let readers =
            readers.map_or_else(|| Readers::new(self.options(), self.told(), topic.clone()), Ok);
        let mut readers = match readers {
            Ok(readers) => readers,
            Err(error) => return from.iter().map(|(n, _)| (*n, Err(error.clone()))).collect(),
        };
        let (bounds, refused) = self.bounds(&readers, topic, from);
        if readers.set_down(from, bounds).is_err() {
            return self.each_by_itself(topic, from, limit, abandoned);
        }
        if !refused.is_empty() {
            kept.put(readers);
            return refused;
        }
        let mut read = Read::new(self, from, limit, abandoned);
        match read.with(&mut readers) {
            Ok(()) => {
                let answers = read.answers(&readers, topic);
                kept.put(readers);
                answers
            }
            Err(Unclear) if read.records.is_empty() => {
                self.each_by_itself(topic, from, limit, abandoned)
            }
            Err(Unclear) => read.answers(&readers, topic),
        }
    }

    /// The bounds of partitions that are not being read from where they are asked for; and the answers for those that cannot be.
    fn bounds(
        &self,
        readers: &Readers,
        topic: &TopicName,
        from: &[(Partition, Offset)],
    ) -> (BTreeMap<Partition, Watermarks>, Answers) {
        let (mut bounds, mut refused) = (BTreeMap::new(), Vec::new());
        for (number, offset) in from.iter().filter(|(n, offset)| !readers.is_at(*n, *offset)) {
            let partition = TopicPartition::new(topic.clone(), *number);
            match self.cluster.watermarks(&partition) {
                Ok(found) if *offset < found.start || *offset > found.end => {
                    refused.push((*number, Err(found.out_of_range(&partition, *offset))));
                }
                Ok(found) => drop(bounds.insert(*number, found)),
                Err(error) => refused.push((*number, Err(error))),
            }
        }
        (bounds, refused)
    }

    /// Slower, and each answer is about its own partition.
    fn each_by_itself(
        &self,
        topic: &TopicName,
        from: &[(Partition, Offset)],
        limit: FetchLimit,
        abandoned: &AtomicBool,
    ) -> Answers {
        let limit = FetchLimit { wait: Duration::ZERO, ..limit };
        let read = |(number, offset): &(Partition, Offset)| {
            let partition = TopicPartition::new(topic.clone(), *number);
            (*number, self.read(&partition, *offset, limit, abandoned))
        };
        from.iter().map(read).collect()
    }
}

/// An error that may be about any partition.
struct Unclear;

/// A read under way.
struct Read<'a> {
    inner: &'a Inner,
    from: &'a [(Partition, Offset)],
    limit: FetchLimit,
    abandoned: &'a AtomicBool,
    begun: Instant,
    bytes: usize,
    count: usize,
    records: BTreeMap<Partition, Vec<Record>>,
    /// An end was reached behind records that are gone.
    moved: bool,
}

impl<'a> Read<'a> {
    fn new(
        inner: &'a Inner,
        from: &'a [(Partition, Offset)],
        limit: FetchLimit,
        abandoned: &'a AtomicBool,
    ) -> Self {
        let records = BTreeMap::new();
        let begun = Instant::now();
        Self { inner, from, limit, abandoned, begun, bytes: 0, count: 0, records, moved: false }
    }

    fn with(&mut self, readers: &mut Readers) -> Result<(), Unclear> {
        while !self.is_enough(readers) {
            if self.abandoned.load(Ordering::Acquire) || self.inner.check_open().is_err() {
                return Ok(());
            }
            // What the client has read ahead is taken as it is there; what is not is not waited for.
            let wait = if self.count > 0 { Duration::ZERO } else { self.slice(readers) };
            match readers.hear(wait) {
                Heard::Record(number, record) => self.take(number, record),
                Heard::End(moved) => self.moved |= moved,
                Heard::Nothing if self.count > 0 => return Ok(()),
                Heard::Nothing | Heard::Passed => {}
                Heard::Unclear => return Err(Unclear),
            }
        }
        Ok(())
    }

    fn take(&mut self, number: Partition, record: Record) {
        self.bytes += record.size();
        self.count += 1;
        self.records.entry(number).or_default().push(record);
    }

    fn is_enough(&self, readers: &Readers) -> bool {
        if self.count > 0 {
            return self.count >= self.limit.records || self.bytes >= self.limit.bytes;
        }
        let wait = if readers.all_at_end() { self.limit.wait } else { QUESTION };
        self.moved || self.begun.elapsed() >= wait
    }

    fn slice(&self, readers: &Readers) -> Duration {
        let left = self.limit.wait.saturating_sub(self.begun.elapsed());
        if readers.all_at_end() { SLICE.min(left) } else { SLICE }
    }

    /// What there is of each partition that was asked for.
    fn answers(self, readers: &Readers, topic: &TopicName) -> Answers {
        let silent = self.count == 0 && !self.moved && self.begun.elapsed() >= QUESTION;
        let Self { inner, from, mut records, .. } = self;
        let mut answers = Vec::with_capacity(from.len());
        for (number, asked) in from {
            let Some((next, watermarks)) = readers.stands(*number) else { continue };
            let records = records.remove(number).unwrap_or_default();
            if silent && next < watermarks.end {
                let reason = format!("no answer for {topic}/{number}");
                let reason = inner.cluster.troubles.explain(&reason);
                answers.push((*number, Err(BrokerError::Unavailable(reason))));
            } else if !records.is_empty() || next > *asked {
                answers.push((*number, Ok(Fetched { records, next, watermarks })));
            }
        }
        answers
    }
}

//! One direct read: the bounds first, then records from a reader.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use super::Inner;
use super::error::About;
use super::reader::{Heard, Reader};
use super::waiting::QUESTION;
use crate::broker::{BrokerError, FetchLimit, Fetched, Watermarks};
use crate::message::{Offset, Record, TopicPartition};

/// Between two looks at whether anybody still waits.
pub(super) const SLICE: Duration = Duration::from_millis(50);

/// How long an end that may be an old one is waited over, before the reader is set down anew.
const DOUBT: Duration = Duration::from_millis(200);

/// Tells the blocking part when the future was dropped.
#[derive(Default)]
pub(super) struct Waiting(pub(super) Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Inner {
    pub(super) async fn fetch(
        self: &Arc<Self>,
        partition: TopicPartition,
        from: Offset,
        limit: FetchLimit,
    ) -> Result<Fetched, BrokerError> {
        let waiting = Waiting::default();
        let abandoned = waiting.0.clone();
        self.blocking(move |inner| inner.read(&partition, from, limit, &abandoned)).await
    }

    pub(super) fn read(
        &self,
        partition: &TopicPartition,
        from: Offset,
        limit: FetchLimit,
        abandoned: &AtomicBool,
    ) -> Result<Fetched, BrokerError> {
        let bounds = self.cluster.watermarks(partition)?;
        if from < bounds.start || from > bounds.end {
            return Err(bounds.out_of_range(partition, from));
        }
        let mut read = Read {
            inner: self,
            partition,
            bounds,
            limit,
            abandoned,
            ends: Instant::now().checked_add(limit.wait),
            progress: Instant::now(),
            doubt: None,
            fresh: false,
            next: from,
            bytes: 0,
            records: Vec::new(),
        };
        if !read.is_enough() {
            read.with_reader()?;
        }
        Ok(Fetched { records: read.records, next: read.next, watermarks: read.bounds })
    }
}

/// A read under way.
struct Read<'a> {
    inner: &'a Inner,
    partition: &'a TopicPartition,
    bounds: Watermarks,
    limit: FetchLimit,
    abandoned: &'a AtomicBool,
    /// When the wait at the end is over; `None`: later than can be said.
    ends: Option<Instant>,
    progress: Instant,
    /// Since when an end is in doubt.
    doubt: Option<Instant>,
    /// Whether the reader was set down after the bounds were asked for: what it calls the end lies behind them then.
    fresh: bool,
    next: Offset,
    bytes: usize,
    records: Vec<Record>,
}

impl Read<'_> {
    fn with_reader(&mut self) -> Result<(), BrokerError> {
        let kept = &self.inner.cluster.readers;
        let mut reader = match kept.take(|r| r.is_at(self.partition, self.next)) {
            Some(reader) => reader,
            None => self.new_reader()?,
        };
        // After an error it is not used again: its client may be what failed.
        if self.read_from(&mut reader)? {
            kept.put(reader);
        }
        Ok(())
    }

    /// For who reads here and there, a client that has read elsewhere: it is connected already.
    fn new_reader(&mut self) -> Result<Reader, BrokerError> {
        let mut reader = match self.inner.cluster.readers.take_oldest_of_many() {
            Some(reader) => reader.elsewhere(self.partition.clone()),
            None => Reader::new(self.inner.options(), self.inner.told(), self.partition.clone())?,
        };
        self.set_down(&mut reader)?;
        Ok(reader)
    }

    fn set_down(&mut self, reader: &mut Reader) -> Result<(), BrokerError> {
        reader.set_down(self.next).map_err(|e| self.refused(&e))?;
        (self.fresh, self.doubt) = (true, None);
        Ok(())
    }

    /// Whether the reader may be used again.
    fn read_from(&mut self, reader: &mut Reader) -> Result<bool, BrokerError> {
        while !self.is_enough() {
            if self.abandoned.load(Ordering::Acquire) {
                return Ok(true);
            }
            self.inner.check_open()?;
            match reader.hear(self.slice()) {
                Heard::Record(record) => self.take(record),
                Heard::End => self.end(reader),
                Heard::Nothing => self.nothing(reader)?,
                Heard::Corrupt(reason) => return self.corrupt(reason),
                Heard::Failed(error) => self.failed(&error)?,
            }
        }
        Ok(true)
    }

    /// The next batch cannot be read. What lies before it is given out; behind it the reader may have passed something over.
    fn corrupt(&self, reason: &str) -> Result<bool, BrokerError> {
        if !self.records.is_empty() {
            return Ok(false);
        }
        let (partition, reason) = (self.partition.clone(), reason.to_owned());
        Err(BrokerError::Corrupt { partition, offset: self.next, reason })
    }

    fn is_enough(&self) -> bool {
        let some = !self.records.is_empty();
        if some && (self.records.len() >= self.limit.records || self.bytes >= self.limit.bytes) {
            return true;
        }
        let waited = self.ends.is_some_and(|ends| Instant::now() >= ends);
        self.next >= self.bounds.end && (some || waited)
    }

    /// No longer than the wait at the end.
    fn slice(&self) -> Duration {
        let left = self.ends.map_or(SLICE, |e| e.saturating_duration_since(Instant::now()));
        if self.next >= self.bounds.end { SLICE.min(left) } else { SLICE }
    }

    fn take(&mut self, record: Record) {
        (self.progress, self.doubt) = (Instant::now(), None);
        self.bytes += record.size();
        self.next = record.offset.next();
        self.bounds.end = self.bounds.end.max(self.next);
        self.records.push(record);
    }

    /// The reader is at an end. From a fresh one that is the end: what lies before it without a record is a gap. One
    /// that was used before may tell of an end that has moved since.
    fn end(&mut self, reader: &mut Reader) {
        if self.next >= self.bounds.end {
            return;
        }
        if self.fresh {
            self.next = self.bounds.end;
            reader.passed(self.next);
        } else {
            self.doubt.get_or_insert_with(Instant::now);
        }
    }

    fn nothing(&mut self, reader: &mut Reader) -> Result<(), BrokerError> {
        if self.doubt.is_some_and(|since| since.elapsed() > DOUBT) {
            return self.set_down(reader);
        }
        if self.next < self.bounds.end && self.progress.elapsed() > QUESTION {
            let reason = format!("no answer for {}", self.partition);
            return Err(BrokerError::Unavailable(self.inner.cluster.troubles.explain(&reason)));
        }
        Ok(())
    }

    fn refused(&self, error: &KafkaError) -> BrokerError {
        self.inner.cluster.question_about(error, About::topic(&self.partition.topic))
    }

    /// Most errors mend themselves while the client goes on, or end as no answer.
    fn failed(&mut self, error: &KafkaError) -> Result<(), BrokerError> {
        match error.rdkafka_error_code() {
            Some(
                Code::AutoOffsetReset
                | Code::OffsetOutOfRange
                | Code::UnknownTopicOrPartition
                | Code::UnknownTopic
                | Code::UnknownPartition,
            ) => {
                let bounds = self.inner.cluster.watermarks(self.partition)?;
                if self.next < bounds.start || self.next > bounds.end {
                    return Err(bounds.out_of_range(self.partition, self.next));
                }
                Err(self.refused(error))
            }
            Some(Code::TopicAuthorizationFailed | Code::Fatal) => Err(self.refused(error)),
            _ => Ok(()),
        }
    }
}

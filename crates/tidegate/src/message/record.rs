//! What a partition holds.

use bytes::{Bytes, BytesMut};

use crate::headers::{Header, Headers};
use crate::message::{Offset, Partition, Timestamp, TopicName, TopicPartition};

/// A record as a partition holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it stands.
    pub topic: TopicName,
    /// Where it stands.
    pub partition: Partition,
    /// Where it stands.
    pub offset: Offset,
    /// When it was made, or appended (the topic decides).
    pub timestamp: Timestamp,
    /// `None` is Kafka's null key; an empty key is another thing.
    pub key: Option<Bytes>,
    /// `None` is Kafka's null value (a tombstone); an empty value is another thing.
    pub value: Option<Bytes>,
    /// In the order in which they were written; names may repeat.
    pub headers: Headers,
}

impl Record {
    /// The partition that holds it.
    #[must_use]
    pub fn topic_partition(&self) -> TopicPartition {
        TopicPartition::new(self.topic.clone(), self.partition)
    }

    /// Bytes of key, value and headers.
    #[must_use]
    pub fn size(&self) -> usize {
        let part = |p: &Option<Bytes>| p.as_ref().map_or(0, Bytes::len);
        part(&self.key) + part(&self.value) + self.headers.size()
    }

    /// The same record in one piece of memory of its own: nothing else is kept by it, and it keeps nothing else.
    pub(crate) fn in_one_piece(&self) -> Self {
        let parts = self.headers.iter().map(|header| &header.value).chain([&self.key, &self.value]);
        let mut piece = BytesMut::with_capacity(parts.flatten().map(Bytes::len).sum());
        let mut copy = |part: &Option<Bytes>| {
            part.as_ref().map(|part| {
                piece.extend_from_slice(part);
                piece.split().freeze()
            })
        };
        let (key, value) = (copy(&self.key), copy(&self.value));
        let header = |h: &Header| Header { name: h.name.clone(), value: copy(&h.value) };
        let headers = self.headers.iter().map(header).collect();
        Self { topic: self.topic.clone(), key, value, headers, ..*self }
    }

    /// What it takes in memory while it is held, about: its bytes, and what stands round them. Buffers count this.
    pub(crate) fn footprint(&self) -> usize {
        self.footprint_of(self.size())
    }

    /// The same, of a record whose size is known.
    pub(crate) fn footprint_of(&self, size: usize) -> usize {
        size + AROUND_A_RECORD + AROUND_A_HEADER * self.headers.len()
    }
}

/// What a held record takes besides its bytes: the record itself, its identity, its place in the order. Measured (row G18 of
/// docs/performance.md).
const AROUND_A_RECORD: usize = 640;

/// The same for each of its headers.
const AROUND_A_HEADER: usize = 96;

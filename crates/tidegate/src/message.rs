//! What travels: records as a partition holds them, and records on their way in.
//!
//! Names and shapes are Kafka's. A [`Record`] is what a broker gives back: it has a place
//! ([`TopicPartition`], [`Offset`]) and a time. A [`NewRecord`] is what a publisher hands in: the
//! partition may be left to the key. Bytes are never changed on the way: what was published is
//! what is read (conformance case `headers_byte_for_byte`).

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use crate::headers::{Header, Headers};

/// A topic's name: 1 to 249 characters of `[a-zA-Z0-9._-]`, not `.` or `..` (Kafka's own rule).
///
/// Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicName(Arc<str>);

/// A name that Kafka would refuse as a topic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("topic name {name:?} is not legal: use 1 to 249 of a-z A-Z 0-9 . _ - (and not . or ..)")]
pub struct InvalidTopicName {
    /// The name as it was given.
    pub name: String,
}

impl TopicName {
    /// The longest name that Kafka accepts, in bytes.
    pub const MAX_LEN: usize = 249;

    /// Checks and wraps a name.
    ///
    /// # Errors
    /// [`InvalidTopicName`] when Kafka would refuse it.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidTopicName> {
        let name = name.into();
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let fits = (1..=Self::MAX_LEN).contains(&name.len());
        if !fits || name == "." || name == ".." || !name.chars().all(legal) {
            return Err(InvalidTopicName { name });
        }
        Ok(Self(name.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name that was checked stays legal.
impl From<Infallible> for InvalidTopicName {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl TryFrom<String> for TopicName {
    type Error = InvalidTopicName;
    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl TryFrom<&str> for TopicName {
    type Error = InvalidTopicName;
    fn try_from(name: &str) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl From<TopicName> for String {
    fn from(name: TopicName) -> Self {
        name.0.as_ref().into()
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A partition's number within its topic, from 0.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Partition(pub u32);

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A record's place in its partition, from 0; gaps are normal (compaction, transaction markers).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Offset(pub u64);

impl Offset {
    /// The offset right behind this one: what is committed when this record is finished (rule 1).
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Milliseconds since the Unix epoch, as Kafka stores them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Whether it says when: a record may come without, and has 0 or less.
    #[must_use]
    pub const fn is_known(self) -> bool {
        self.0 > 0
    }

    /// How long from this point to a later one; nothing when it is none: clocks of several machines differ.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        Duration::from_millis(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }
}

/// One partition of one topic. Shown as `orders/2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicName,
    /// The partition within it.
    pub partition: Partition,
}

impl TopicPartition {
    /// A topic's partition.
    #[must_use]
    pub fn new(topic: TopicName, partition: Partition) -> Self {
        Self { topic, partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.partition)
    }
}

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

/// A record on its way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// Where it goes.
    pub topic: TopicName,
    /// `None`: chosen by the key's murmur2 hash, as Java's client does; without a key, any one.
    pub partition: Option<Partition>,
    /// `None` is Kafka's null key.
    pub key: Option<Bytes>,
    /// `None` is Kafka's null value.
    pub value: Option<Bytes>,
    /// Written in this order.
    pub headers: Headers,
    /// `None`: the broker's time when it is accepted.
    pub timestamp: Option<Timestamp>,
}

impl NewRecord {
    /// A record with neither key, value nor headers.
    #[must_use]
    pub fn new(topic: TopicName) -> Self {
        Self {
            topic,
            partition: None,
            key: None,
            value: None,
            headers: Headers::new(),
            timestamp: None,
        }
    }

    /// Sets the key.
    #[must_use]
    pub fn key(mut self, key: impl Into<Bytes>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Sets the value.
    #[must_use]
    pub fn value(mut self, value: impl Into<Bytes>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Appends a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Bytes>) -> Self {
        self.headers.push(name, value);
        self
    }

    /// Sets the partition: the key no longer chooses.
    #[must_use]
    pub fn partition(mut self, partition: Partition) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Bytes of key, value and headers: what limits and budgets count.
    #[must_use]
    pub fn size(&self) -> usize {
        let part = |p: &Option<Bytes>| p.as_ref().map_or(0, Bytes::len);
        part(&self.key) + part(&self.value) + self.headers.size()
    }
}

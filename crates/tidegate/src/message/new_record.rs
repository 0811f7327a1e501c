//! What a publisher hands in.

use bytes::Bytes;

use crate::headers::Headers;
use crate::message::{Partition, Timestamp, TopicName};

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

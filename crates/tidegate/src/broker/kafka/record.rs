//! Records, between the client's form and ours.

use bytes::{Bytes, BytesMut};
use rdkafka::message::{BorrowedMessage, Message, Timestamp as ClientTime};

use super::ffi;
use crate::message::{Offset, Partition, Record, Timestamp, TopicName, TopicPartition};

/// Copies of a record's parts, all in one piece of memory: a piece for each would be allocated by the thread that polls,
/// and freed by another, for each key, value and header.
pub(super) struct Copies(BytesMut);

impl Copies {
    fn of(message: &BorrowedMessage<'_>) -> Self {
        let size = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
        let size = size(message.key()) + size(message.payload()) + ffi::size_of_headers(message);
        Self(BytesMut::with_capacity(size))
    }

    pub(super) fn take(&mut self, part: &[u8]) -> Bytes {
        self.0.extend_from_slice(part);
        self.0.split().freeze()
    }
}

/// A record as it was read; its bytes are copied out of the client's memory.
pub(super) fn of(message: &BorrowedMessage<'_>, topic: &TopicName) -> Record {
    let mut copies = Copies::of(message);
    Record {
        topic: topic.clone(),
        partition: partition(message.partition()),
        offset: offset(message.offset()),
        timestamp: match message.timestamp() {
            ClientTime::CreateTime(at) | ClientTime::LogAppendTime(at) => Timestamp(at),
            ClientTime::NotAvailable => Timestamp(0),
        },
        key: message.key().map(|key| copies.take(key)),
        value: message.payload().map(|value| copies.take(value)),
        headers: ffi::headers(message, &mut copies),
    }
}

/// Negative numbers mean "none" to the client, and stand nowhere in a log.
pub(super) fn partition(number: i32) -> Partition {
    Partition(u32::try_from(number).unwrap_or_default())
}

/// See [`partition`].
pub(super) fn offset(number: i64) -> Offset {
    Offset(u64::try_from(number).unwrap_or_default())
}

/// A partition's number as the client wants it.
pub(super) fn number(partition: &TopicPartition) -> i32 {
    i32::try_from(partition.partition.0).unwrap_or(i32::MAX)
}

/// An offset as the client wants it.
pub(super) fn raw(offset: Offset) -> rdkafka::Offset {
    rdkafka::Offset::Offset(i64::try_from(offset.0).unwrap_or(i64::MAX))
}

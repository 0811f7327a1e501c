//! Records, between the client's form and ours.

use bytes::Bytes;
use rdkafka::message::{BorrowedMessage, Message, Timestamp as ClientTime};

use super::ffi;
use crate::message::{Offset, Partition, Record, Timestamp, TopicName, TopicPartition};

/// A record as it was read; its bytes are copied out of the client's memory.
pub(super) fn of(message: &BorrowedMessage<'_>, topic: &TopicName) -> Record {
    Record {
        topic: topic.clone(),
        partition: partition(message.partition()),
        offset: offset(message.offset()),
        timestamp: match message.timestamp() {
            ClientTime::CreateTime(at) | ClientTime::LogAppendTime(at) => Timestamp(at),
            ClientTime::NotAvailable => Timestamp(0),
        },
        key: message.key().map(Bytes::copy_from_slice),
        value: message.payload().map(Bytes::copy_from_slice),
        headers: ffi::headers(message),
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

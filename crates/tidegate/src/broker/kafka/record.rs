//! Records, between the client's form and ours.

use bytes::{Bytes, BytesMut};

use super::ffi::Message;
use crate::message::{Offset, Partition, Record, Timestamp, TopicName, TopicPartition};

/// Small parts of records are copied into pieces of memory of this size, one after another: a piece for each would be
/// allocated by the thread that polls, and freed by another, for each key, value and header. What is kept of a piece keeps
/// all of it: so it is small.
const PIECE: usize = 4 << 10;

/// The same where nothing is kept: all that is read at once is let go at once.
const PASSING: usize = 256 << 10;

/// Copies the parts of records out of the client's memory.
#[derive(Debug)]
pub(super) struct Copies {
    rest: BytesMut,
    piece: usize,
}

impl Copies {
    /// Of records of which some are kept for long.
    pub(super) fn kept() -> Self {
        Self { rest: BytesMut::new(), piece: PIECE }
    }

    /// Of records that are looked at, and let go.
    pub(super) fn passing() -> Self {
        Self { rest: BytesMut::new(), piece: PASSING }
    }

    pub(super) fn take(&mut self, part: &[u8]) -> Bytes {
        // What is long has memory of its own.
        if part.len() > self.piece / 4 {
            return Bytes::copy_from_slice(part);
        }
        if self.rest.capacity() < part.len() {
            self.rest = BytesMut::with_capacity(self.piece);
        }
        self.rest.extend_from_slice(part);
        self.rest.split().freeze()
    }

    /// A record as it was read.
    pub(super) fn of(&mut self, message: Message<'_>, topic: &TopicName) -> Record {
        Record {
            topic: topic.clone(),
            partition: partition(message.partition()),
            offset: offset(message.offset()),
            timestamp: Timestamp(message.timestamp().unwrap_or(0)),
            key: message.key().map(|key| self.take(key)),
            value: message.value().map(|value| self.take(value)),
            headers: message.headers(self),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Short and long parts, more than one piece holds.
    #[test]
    fn copies_are_what_was_copied_however_many_there_are() {
        for mut copies in [Copies::kept(), Copies::passing()] {
            let long = copies.piece / 4;
            let part = |n: usize| vec![n as u8; [0, 1, long, long + 1, 300][n % 5]];
            let taken: Vec<_> = (0..200).map(|n| copies.take(&part(n))).collect();
            assert!(taken.iter().enumerate().all(|(n, copy)| copy[..] == part(n)[..]));
        }
    }
}

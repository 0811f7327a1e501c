//! The few reads that the client's safe interface cannot do without a panic.
//!
//! A header's name, and the metadata of a commit, are bytes that any client may have written. rdkafka 0.39 unwraps both
//! as UTF-8, which would end the poll thread for one foreign record. Here they are read as the bytes they are.
#![expect(
    unsafe_code,
    reason = "reads two of librdkafka's structures, each with its argument below"
)]

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use bytes::Bytes;
use rdkafka::TopicPartitionList;
use rdkafka::bindings;
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaRespErr;

use crate::headers::{Header, Headers};

/// The headers of a message, in order. A name that is not UTF-8, which Kafka's protocol forbids, is read as Java
/// does: with U+FFFD for what cannot be decoded.
pub(super) fn headers(message: &BorrowedMessage<'_>) -> Headers {
    let mut list = ptr::null_mut();
    // SAFETY: `message` keeps the native message alive; the list that is given out belongs to it and is only read
    // here, while it is borrowed.
    let found = unsafe { bindings::rd_kafka_message_headers(message.ptr(), &mut list) };
    if found != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Headers::new();
    }
    (0..).map_while(|index| header(list, index)).collect()
}

fn header(list: *const bindings::rd_kafka_headers_t, index: usize) -> Option<Header> {
    let (mut name, mut value, mut size): (*const c_char, *const c_void, usize) =
        (ptr::null(), ptr::null(), 0);
    // SAFETY: `list` is the live list of the caller's message; beyond its end the answer is an error, and nothing is
    // written.
    let found =
        unsafe { bindings::rd_kafka_header_get_all(list, index, &mut name, &mut value, &mut size) };
    if found != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
        return None;
    }
    // SAFETY: after success `name` is a NUL-terminated string and `value` null or `size` bytes, both in the message's
    // memory. They are copied before this returns.
    let (name, value) = unsafe { (CStr::from_ptr(name).to_string_lossy(), bytes(value, size)) };
    Some(Header { name: name.as_ref().into(), value })
}

/// # Safety
/// `start` is null, or `size` readable bytes begin there.
unsafe fn bytes(start: *const c_void, size: usize) -> Option<Bytes> {
    if start.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    Some(Bytes::copy_from_slice(unsafe { std::slice::from_raw_parts(start.cast::<u8>(), size) }))
}

/// One entry of a list of offsets, as the client gave it.
#[derive(Debug)]
pub(super) struct RawOffset {
    pub(super) topic: String,
    pub(super) partition: i32,
    /// Negative: none.
    pub(super) offset: i64,
    pub(super) metadata: Vec<u8>,
    pub(super) error: RDKafkaRespErr,
}

/// The entries of a list. Use it wherever metadata may stand in one: `elements()` and `Debug` read it as text.
pub(super) fn offsets(list: &TopicPartitionList) -> Vec<RawOffset> {
    let raw = list.ptr();
    // SAFETY: `list` owns the native list, whose `elems` holds `cnt` entries, and is borrowed while they are read.
    let entries = unsafe {
        let count = usize::try_from((*raw).cnt).unwrap_or(0);
        if count == 0 { &[] } else { std::slice::from_raw_parts((*raw).elems, count) }
    };
    entries.iter().map(raw_offset).collect()
}

fn raw_offset(entry: &bindings::rd_kafka_topic_partition_t) -> RawOffset {
    // SAFETY: an entry's topic is a NUL-terminated string, its metadata null or `metadata_size` bytes; both live as
    // long as the list, which the caller borrows.
    let (topic, metadata) = unsafe {
        let topic = CStr::from_ptr(entry.topic).to_string_lossy().into_owned();
        (topic, bytes(entry.metadata, entry.metadata_size))
    };
    RawOffset {
        topic,
        partition: entry.partition,
        offset: entry.offset,
        metadata: metadata.map_or_else(Vec::new, Vec::from),
        error: entry.err,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_entry_by_entry() {
        let mut list = TopicPartitionList::new();
        assert!(offsets(&list).is_empty());
        list.add_partition_offset("t", 3, rdkafka::Offset::Offset(7)).unwrap();
        list.find_partition("t", 3).unwrap().set_metadata("m");
        list.add_partition("u", 0);
        let read = offsets(&list);
        assert_eq!((read[0].topic.as_str(), read[0].partition, read[0].offset), ("t", 3, 7));
        assert_eq!(read[0].metadata, b"m");
        assert!(read[1].offset < 0 && read[1].metadata.is_empty());
    }
}

//! The few things that the client's safe interface cannot do, or not without a panic.
//!
//! A header's name, and the metadata of a commit, are bytes that any client may have written. rdkafka 0.39 unwraps both
//! as UTF-8, which would end the poll thread for one foreign record. Here they are read as the bytes they are.
#![expect(
    unsafe_code,
    reason = "a few calls into librdkafka and one of its structures, each with its argument below"
)]

mod topics;

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;

use rdkafka::bindings;
use rdkafka::client::{Client, OAuthToken};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};

pub(super) use topics::{Identity, TopicId, identities};

use super::record::Copies;
use crate::headers::{Header, Headers};

/// The headers of a message, in order. A name that is not UTF-8, which Kafka's protocol forbids, is read as Java
/// does: with U+FFFD for what cannot be decoded.
pub(super) fn headers(message: &BorrowedMessage<'_>, copies: &mut Copies) -> Headers {
    let all = each(message).map(|(name, value)| {
        let value = value.map(|value| copies.take(value));
        Header { name: name.to_string_lossy().as_ref().into(), value }
    });
    all.collect()
}

/// The headers of a message where they stand in its memory.
fn each<'m>(
    message: &'m BorrowedMessage<'_>,
) -> impl Iterator<Item = (&'m CStr, Option<&'m [u8]>)> {
    let mut list = ptr::null_mut();
    // SAFETY: `message` keeps the native message alive; the list that is given out belongs to it and is only read
    // here, while it is borrowed.
    let found = unsafe { bindings::rd_kafka_message_headers(message.ptr(), &mut list) };
    let any = found == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;
    // SAFETY: the list is the message's, which stays borrowed as long as what is given out.
    (0..).take_while(move |_| any).map_while(move |index| unsafe { header(list, index) })
}

/// # Safety
/// `list` is the live list of a message, which stays alive as long as what is given out.
unsafe fn header<'m>(
    list: *const bindings::rd_kafka_headers_t,
    index: usize,
) -> Option<(&'m CStr, Option<&'m [u8]>)> {
    let (mut name, mut value, mut size): (*const c_char, *const c_void, usize) =
        (ptr::null(), ptr::null(), 0);
    // SAFETY: `list` is live; beyond its end the answer is an error, and nothing is written.
    let found =
        unsafe { bindings::rd_kafka_header_get_all(list, index, &mut name, &mut value, &mut size) };
    if found != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
        return None;
    }
    // SAFETY: after success `name` is a NUL-terminated string and `value` null or `size` bytes, both in the message's
    // memory.
    Some(unsafe { (CStr::from_ptr(name), bytes(value, size)) })
}

/// # Safety
/// `start` is null, or `size` readable bytes begin there, and stay as long as what is given out.
unsafe fn bytes<'m>(start: *const c_void, size: usize) -> Option<&'m [u8]> {
    if start.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    Some(unsafe { std::slice::from_raw_parts(start.cast::<u8>(), size) })
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
        metadata: metadata.map_or_else(Vec::new, <[u8]>::to_vec),
        error: entry.err,
    }
}

/// Gives a token for SASL OAUTHBEARER to a client whose events nobody serves.
pub(super) fn set_token<C: ClientContext>(
    client: &Client<C>,
    token: &OAuthToken,
) -> Result<(), RDKafkaErrorCode> {
    let text = |text: &str| CString::new(text).map_err(|_| RDKafkaErrorCode::InvalidArgument);
    let (value, principal) = (text(&token.token)?, text(&token.principal_name)?);
    // SAFETY: `client` is alive; both texts are NUL-terminated and copied before this returns; there are no
    // extensions, and no room for a reason.
    let answer = unsafe {
        bindings::rd_kafka_oauthbearer_set_token(
            client.native_ptr(),
            value.as_ptr(),
            token.lifetime_ms,
            principal.as_ptr(),
            ptr::null_mut(),
            0,
            ptr::null_mut(),
            0,
        )
    };
    if answer == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR { Ok(()) } else { Err(answer.into()) }
}

#[cfg(test)]
mod tests;

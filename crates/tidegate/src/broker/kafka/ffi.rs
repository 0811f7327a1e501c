//! The few things that the client's safe interface cannot do, or not without a panic.
//!
//! A header's name, and the metadata of a commit, are bytes that any client may have written. rdkafka 0.39 unwraps both
//! as UTF-8, which would end the poll thread for one foreign record. Here they are read as the bytes they are.
#![expect(
    unsafe_code,
    reason = "a few calls into librdkafka and one of its structures, each with its argument below"
)]

mod brokers;
mod message;
mod queue;
mod topics;

use std::ffi::{CStr, CString, c_void};
use std::ptr;

use rdkafka::bindings;
use rdkafka::client::{Client, OAuthToken};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};

pub(super) use brokers::{add_brokers, knows_controller};
pub(super) use message::Message;
pub(super) use queue::Queue;
pub(super) use topics::{Identity, identities};

/// Something of the client's that is given back when it is dropped.
struct Native<T>(*mut T, unsafe extern "C" fn(*mut T));

impl<T> Drop for Native<T> {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: it was made by the client for us, and is destroyed once, by the function that belongs to it.
            unsafe { (self.1)(self.0) }
        }
    }
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

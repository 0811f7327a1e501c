//! A message where it stands in the client's memory.

use std::ffi::{CStr, c_char, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use rdkafka::bindings;
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaRespErr;

use super::bytes;
use crate::broker::kafka::record::Copies;
use crate::headers::{Header, Headers};

/// A message that is no error, for as long as it is lent.
#[derive(Debug, Clone, Copy)]
pub(in crate::broker::kafka) struct Message<'m> {
    // No reference: the client writes beside it when it is asked for headers.
    native: NonNull<bindings::rd_kafka_message_t>,
    lent: PhantomData<&'m bindings::rd_kafka_message_t>,
}

impl<'m> Message<'m> {
    /// What the safe interface lends.
    pub(in crate::broker::kafka) fn of(message: &'m BorrowedMessage<'_>) -> Self {
        // SAFETY: never null, alive as long as it is borrowed, and no error: the safe interface keeps errors apart.
        unsafe { Self::lent(NonNull::new_unchecked(message.ptr())) }
    }

    /// # Safety
    /// `native` is a live message that is no error, and stays alive for `'m`.
    pub(super) const unsafe fn lent(native: NonNull<bindings::rd_kafka_message_t>) -> Self {
        Self { native, lent: PhantomData }
    }

    fn part<T>(self, part: impl FnOnce(&bindings::rd_kafka_message_t) -> T) -> T {
        // SAFETY: alive for `'m`; its own fields are not written while it is lent.
        part(unsafe { self.native.as_ref() })
    }

    pub(in crate::broker::kafka) fn partition(self) -> i32 {
        self.part(|message| message.partition)
    }

    pub(in crate::broker::kafka) fn offset(self) -> i64 {
        self.part(|message| message.offset)
    }

    pub(in crate::broker::kafka) fn key(self) -> Option<&'m [u8]> {
        // SAFETY: null, or so many bytes that live as long as the message.
        self.part(|message| unsafe { bytes(message.key, message.key_len) })
    }

    pub(in crate::broker::kafka) fn value(self) -> Option<&'m [u8]> {
        // SAFETY: as for the key.
        self.part(|message| unsafe { bytes(message.payload, message.len) })
    }

    /// Bytes of key and value.
    pub(in crate::broker::kafka) fn size(self) -> usize {
        self.part(|message| message.key_len + message.len)
    }

    /// In milliseconds; `None` where there is none.
    pub(in crate::broker::kafka) fn timestamp(self) -> Option<i64> {
        let mut kind = bindings::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message is alive, and is only read.
        let at = unsafe { bindings::rd_kafka_message_timestamp(self.native.as_ptr(), &mut kind) };
        let none = bindings::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        Some(at).filter(|at| *at != -1 && kind != none)
    }

    /// The headers, in order. A name that is not UTF-8, which Kafka's protocol forbids, is read as Java does: with U+FFFD for
    /// what cannot be decoded.
    pub(in crate::broker::kafka) fn headers(self, copies: &mut Copies) -> Headers {
        let all = self.each().map(|(name, value)| {
            let value = value.map(|value| copies.take(value));
            Header { name: name.to_string_lossy().as_ref().into(), value }
        });
        all.collect()
    }

    /// The headers where they stand.
    fn each(self) -> impl Iterator<Item = (&'m CStr, Option<&'m [u8]>)> {
        let mut list = ptr::null_mut();
        // SAFETY: the message is alive; the list that is given out belongs to it and is only read here, while it is lent.
        let found = unsafe { bindings::rd_kafka_message_headers(self.native.as_ptr(), &mut list) };
        let any = found == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;
        // SAFETY: the list is the message's, which lives as long as what is given out.
        (0..).take_while(move |_| any).map_while(move |index| unsafe { header(list, index) })
    }
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

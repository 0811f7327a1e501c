//! Which topics a cluster has, and which ones they are: the safe interface does not tell a topic's id.

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::bindings;
use rdkafka::client::Client;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafkaRespErr;

use super::Native;
use crate::message::TopicId;

/// What the cluster says of one topic. `None`: it is there, and the cluster is too old for ids.
pub(in crate::broker::kafka) type Identity = Result<Option<TopicId>, RDKafkaErrorCode>;

/// The client needs a little longer than it was given to say that it was not answered.
const SLACK: Duration = Duration::from_millis(100);

/// Asks for these topics once, with so much time for the answer. Names that hold a NUL are left out: no topic has one.
pub(in crate::broker::kafka) fn identities<C: ClientContext>(
    client: &Client<C>,
    names: impl Iterator<Item = impl Into<Vec<u8>>>,
    limit: Duration,
) -> Result<Vec<(String, Identity)>, RDKafkaErrorCode> {
    let names: Vec<_> = names.filter_map(|name| CString::new(name).ok()).collect();
    let answer = ask(client, &names, limit);
    if answer.0.is_null() {
        return Err(RDKafkaErrorCode::OperationTimedOut);
    }
    // SAFETY: the event is live until `answer` is dropped.
    let failure = unsafe { bindings::rd_kafka_event_error(answer.0) };
    if failure != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Err(failure.into());
    }
    // SAFETY: the event is live until `answer` is dropped, and what is read of it is copied.
    Ok(unsafe { described(answer.0) })
}

/// The client's answer, as an event; null when there was none in time.
fn ask<C: ClientContext>(
    client: &Client<C>,
    names: &[CString],
    limit: Duration,
) -> Native<bindings::rd_kafka_event_t> {
    let rk = client.native_ptr();
    let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    // SAFETY: `client` is alive while all of this is; the names live until they are copied into the collection; the
    // question copies options and names, and its answer goes to a queue that is ours. A queue that is destroyed before
    // the answer comes makes the client drop it.
    unsafe {
        let queue = Native(bindings::rd_kafka_queue_new(rk), bindings::rd_kafka_queue_destroy);
        let options = bindings::rd_kafka_AdminOptions_new(
            rk,
            bindings::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
        );
        let options = Native(options, bindings::rd_kafka_AdminOptions_destroy);
        bindings::rd_kafka_AdminOptions_set_request_timeout(
            options.0,
            millis(limit),
            ptr::null_mut(),
            0,
        );
        let topics = bindings::rd_kafka_TopicCollection_of_topic_names(
            pointers.as_mut_ptr(),
            pointers.len(),
        );
        let topics = Native(topics, bindings::rd_kafka_TopicCollection_destroy);
        bindings::rd_kafka_DescribeTopics(rk, topics.0, options.0, queue.0);
        let event = bindings::rd_kafka_queue_poll(queue.0, millis(limit + SLACK));
        Native(event, bindings::rd_kafka_event_destroy)
    }
}

/// # Safety
/// `event` is live, and nothing of it is kept.
unsafe fn described(event: *mut bindings::rd_kafka_event_t) -> Vec<(String, Identity)> {
    // SAFETY: an event of another kind gives null, which is not read; the list has `count` entries that live as long as
    // the event.
    unsafe {
        let result = bindings::rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            return Vec::new();
        }
        let mut count = 0;
        let list = bindings::rd_kafka_DescribeTopics_result_topics(result, &mut count);
        if list.is_null() || count == 0 {
            return Vec::new();
        }
        std::slice::from_raw_parts(list, count).iter().map(|topic| identity(*topic)).collect()
    }
}

/// # Safety
/// `topic` is a live description.
unsafe fn identity(topic: *const bindings::rd_kafka_TopicDescription_t) -> (String, Identity) {
    // SAFETY: name, error and id belong to the description; a null error is none; the id is read only where there is one.
    unsafe {
        let name = CStr::from_ptr(bindings::rd_kafka_TopicDescription_name(topic));
        let error = bindings::rd_kafka_TopicDescription_error(topic);
        let code = bindings::rd_kafka_error_code(error);
        let id = bindings::rd_kafka_TopicDescription_topic_id(topic);
        let identity = if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            Err(code.into())
        } else if id.is_null() {
            Ok(None)
        } else {
            let most = bindings::rd_kafka_Uuid_most_significant_bits(id);
            let least = bindings::rd_kafka_Uuid_least_significant_bits(id);
            let bits = u128::from(most.cast_unsigned()) << 64 | u128::from(least.cast_unsigned());
            // Zero is none: the cluster is too old.
            Ok((bits != 0).then(|| TopicId::new(bits)))
        };
        (name.to_string_lossy().into_owned(), identity)
    }
}

fn millis(time: Duration) -> c_int {
    c_int::try_from(time.as_millis()).unwrap_or(c_int::MAX)
}

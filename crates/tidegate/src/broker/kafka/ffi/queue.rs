//! A queue of one partition, from which messages are taken one by one, as events, or many at once.
//!
//! Taken one by one each message costs three readings of the clock and two locks (decision 14). Many at once cost one of each
//! beside what they cost themselves. What that call does otherwise, by the client's source (librdkafka 2.12.1,
//! `rd_kafka_q_serve_rkmessages` in `rdkafka_queue.c`):
//!
//! - What was fetched for a position from before a seek, a pause or a resume is left out as it is of events
//!   (`rd_kafka_op_filter`): each message is asked by `rd_kafka_op_version_outdated`, and where the client's mark of such a
//!   change (`RD_KAFKA_OP_BARRIER`) stands in the queue, what was put into the batch before it is taken out again.
//! - Markers of transactions are no messages, and end no batch.
//! - An error among the messages is given out as one. It moves the position that the client keeps for a pause and for
//!   [`position`](rdkafka::consumer::Consumer::position): one behind the offset that the error is about, though nothing of that was
//!   read (for the end of a partition it is mended in librdkafka#5213). Who meets an error here must send the client where it
//!   should be: [`Taken::message`].
//! - An error of the whole topic (`RD_KAFKA_OP_ERR`: it is not there, or may not be read) is written to the log, and not given
//!   out: so events are asked for as well. The client tells it to the group's own queue besides.

use std::ffi::{CStr, CString, c_int};
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaRespErr;

use super::{Message, Native};

/// Messages are there or not: nothing is waited for.
const NOW: c_int = 0;

/// A partition's queue.
pub(in crate::broker::kafka) struct Queue<C: ConsumerContext + 'static> {
    // First: what follows keeps the client alive, which must outlive it.
    native: Native<bindings::rd_kafka_queue_t>,
    events: PartitionQueue<C>,
}

// SAFETY: the client's queues have a lock of their own, and belong to no thread. Two threads may not take batches of one at the
// same time (known issues of librdkafka 2.0): it is `Send` alone.
unsafe impl Send for Native<bindings::rd_kafka_queue_t> {}

impl<C: ConsumerContext + 'static> Queue<C> {
    /// Gives the partition a queue of its own, which rings when something comes into it while it is empty. `None`: it has none.
    pub(in crate::broker::kafka) fn split(
        client: &Arc<BaseConsumer<C>>,
        topic: &str,
        partition: i32,
        rings: impl Fn() + Send + Sync + 'static,
    ) -> Option<Self> {
        let (rk, name) = (client.client().native_ptr(), CString::new(topic).ok()?);
        // SAFETY: the client is alive, the name ends with NUL and is copied. What is given is a reference to the queue, counted
        // by the client; it is given back before the client can go.
        let native = unsafe {
            let queue = bindings::rd_kafka_queue_get_partition(rk, name.as_ptr(), partition);
            Native(queue, bindings::rd_kafka_queue_destroy)
        };
        if native.0.is_null() {
            return None;
        }
        // The same queue; from here on nothing of it comes through the client's own.
        let mut events = client.split_partition_queue(topic, partition)?;
        events.set_nonempty_callback(rings);
        Some(Self { native, events })
    }

    /// The next event: a message, or an error.
    pub(in crate::broker::kafka) fn poll(&self) -> Option<KafkaResult<BorrowedMessage<'_>>> {
        self.events.poll(Duration::ZERO)
    }

    /// What is there, in order, and no more than so many.
    pub(in crate::broker::kafka) fn take(&self, most: usize) -> Vec<Taken<'_>> {
        if most == 0 {
            return Vec::new();
        }
        let mut taken: Vec<Taken<'_>> = Vec::with_capacity(most);
        // SAFETY: the queue is live. There is room for `most` pointers, and the client writes as many as it says, no null
        // among them; a `Taken` is such a pointer, and nobody else owns the message.
        unsafe {
            let room = taken.as_mut_ptr().cast::<*mut bindings::rd_kafka_message_t>();
            let count = bindings::rd_kafka_consume_batch_queue(self.native.0, NOW, room, most);
            taken.set_len(usize::try_from(count).unwrap_or(0));
        }
        taken
    }

    /// How much stands in it.
    #[cfg(test)]
    pub(in crate::broker::kafka) fn len(&self) -> usize {
        // SAFETY: the queue is live.
        unsafe { bindings::rd_kafka_queue_length(self.native.0) }
    }
}

/// A message that was taken, or an error in its place. Given back to the client when it is dropped, also by a panic.
#[repr(transparent)]
pub(in crate::broker::kafka) struct Taken<'q> {
    native: NonNull<bindings::rd_kafka_message_t>,
    /// The client must outlive it.
    queue: PhantomData<&'q ()>,
}

impl Taken<'_> {
    /// The message. An error comes with the client's own words; its position is wrong then, see [the module](self).
    pub(in crate::broker::kafka) fn message(&self) -> Result<Message<'_>, (KafkaError, String)> {
        // SAFETY: it is ours, and alive until it is dropped.
        let (failure, partition) =
            unsafe { ((*self.native.as_ptr()).err, (*self.native.as_ptr()).partition) };
        if failure == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            // SAFETY: as above, and it is no error.
            return Ok(unsafe { Message::lent(self.native) });
        }
        // SAFETY: as above; of an error there always is a text, which ends with NUL and lives as long.
        let words =
            unsafe { CStr::from_ptr(bindings::rd_kafka_message_errstr(self.native.as_ptr())) };
        Err((failed(failure, partition), words.to_string_lossy().trim().to_owned()))
    }
}

/// As the safe interface tells it of an event.
fn failed(failure: RDKafkaRespErr, partition: i32) -> KafkaError {
    match failure {
        RDKafkaRespErr::RD_KAFKA_RESP_ERR__PARTITION_EOF => KafkaError::PartitionEOF(partition),
        RDKafkaRespErr::RD_KAFKA_RESP_ERR__FATAL => {
            KafkaError::MessageConsumptionFatal(failure.into())
        }
        failure => KafkaError::MessageConsumption(failure.into()),
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // SAFETY: it is ours, and dropped once.
        unsafe { bindings::rd_kafka_message_destroy(self.native.as_ptr()) }
    }
}

//! The bare consumer that takes each record with it: its bytes are copied out of the client's memory, so that they can go
//! to another thread, and its headers are asked for its id. No service that routes by headers does less. Fixed, as
//! `consumer.rs` is; the rest of the loop is the same.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::message::{BorrowedMessage, Headers, Message};

use crate::bare_consumer::{COMMIT, commit, consumer, done};

/// Handles records of the topic until it is told to stop: takes them, counts them, and commits what it counted, by hand.
pub(crate) fn consume(
    brokers: &str,
    topic: &str,
    group: &str,
    handled: &AtomicU64,
    stop: &AtomicBool,
) {
    let consumer = consumer(brokers, group);
    consumer.subscribe(&[topic]).expect("a legal name");
    let mut next = Vec::new();
    let mut committed = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            let message = message.expect("a broker that answers");
            take(&message);
            done(&mut next, message.partition(), message.offset());
            handled.fetch_add(1, Ordering::Relaxed);
        }
        if committed.elapsed() >= COMMIT {
            commit(&consumer, topic, &next, CommitMode::Async);
            committed = Instant::now();
        }
    }
    commit(&consumer, topic, &next, CommitMode::Sync);
}

fn take(message: &BorrowedMessage<'_>) {
    let taken = message.detach();
    let id = taken.headers().and_then(|headers| headers.iter().find(|h| h.key == "event_id"));
    std::hint::black_box((taken.payload(), id.and_then(|id| id.value)));
}

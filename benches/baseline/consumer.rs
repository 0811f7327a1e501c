//! The bare consumer: what a careful hand-written at-least-once loop does, and no more. Fixed: rows are compared with it
//! over years.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::Message;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

/// Between two commits.
pub(crate) const COMMIT: Duration = Duration::from_secs(2);

/// Handles records of the topic until it is told to stop: counts them, and commits what it counted, by hand.
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
            // Handled here: the value is looked at, and that is all.
            std::hint::black_box(message.payload());
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

/// The settings of a member of ours, for what they cost: how much is read ahead, how often, and what is checked.
pub(crate) fn consumer(brokers: &str, group: &str) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "earliest")
        .set("isolation.level", "read_committed")
        .set("check.crcs", "true")
        .set("fetch.queue.backoff.ms", "20")
        .set("queued.max.messages.kbytes", (16 << 10).to_string())
        .set("partition.assignment.strategy", "cooperative-sticky");
    config.create().expect("legal properties")
}

/// What is to be read next in each partition.
pub(crate) fn done(next: &mut Vec<Option<i64>>, partition: i32, offset: i64) {
    let partition = usize::try_from(partition).expect("a record stands in a partition");
    if next.len() <= partition {
        next.resize(partition + 1, None);
    }
    next[partition] = Some(offset + 1);
}

pub(crate) fn commit(consumer: &BaseConsumer, topic: &str, next: &[Option<i64>], mode: CommitMode) {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in (0..).zip(next) {
        if let Some(offset) = offset {
            let added = list.add_partition_offset(topic, partition, Offset::Offset(*offset));
            added.expect("a legal offset");
        }
    }
    if list.count() > 0 {
        consumer.commit(&list, mode).expect("a broker that answers");
    }
}

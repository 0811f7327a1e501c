//! The bare producer: a `ThreadedProducer` that counts what was acknowledged, and no more. Fixed: rows are compared with
//! it over years.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};

/// How long what is queued may take at the end.
const FLUSH: Duration = Duration::from_secs(60);

/// Counts acknowledgements.
pub(crate) struct Acknowledged(Arc<AtomicU64>);

impl ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        assert!(result.is_ok(), "a broker that acknowledges");
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A record: its key if any, its value, and its headers.
pub(crate) type Plain<'a> = (Option<&'a [u8]>, &'a [u8], &'a [(&'a str, &'a [u8])]);

/// With the guarantees of ours: nothing twice, nothing out of order, acknowledged by all replicas.
pub(crate) fn producer(brokers: &str, acks: Arc<AtomicU64>) -> ThreadedProducer<Acknowledged> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("partitioner", "murmur2_random");
    config.create_with_context(Acknowledged(acks)).expect("legal properties")
}

/// Publishes this record until it is told to stop.
pub(crate) fn publish(
    brokers: &str,
    topic: &str,
    record: Plain<'_>,
    acks: &Arc<AtomicU64>,
    stop: &AtomicBool,
) {
    let producer = producer(brokers, acks.clone());
    while !stop.load(Ordering::Relaxed) {
        send(&producer, topic, None, record);
    }
    producer.flush(FLUSH).expect("a broker that acknowledges");
}

/// Hands one record to the client, and waits while its queue is full.
pub(crate) fn send(
    producer: &ThreadedProducer<Acknowledged>,
    topic: &str,
    partition: Option<i32>,
    (key, value, headers): Plain<'_>,
) {
    let mut list = OwnedHeaders::new_with_capacity(headers.len());
    for (key, value) in headers {
        list = list.insert(Header { key, value: Some(*value) });
    }
    let mut record = BaseRecord::<[u8], [u8]>::to(topic).payload(value).headers(list);
    (record.key, record.partition) = (key, partition);
    while let Err((error, again)) = producer.send(record) {
        assert!(
            matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)),
            "{error}"
        );
        std::thread::sleep(Duration::from_millis(1));
        record = again;
    }
}

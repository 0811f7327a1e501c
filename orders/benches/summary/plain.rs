//! Publishing by rdkafka alone: what a program would do that has nothing but a producer and its records.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, ProducerContext, ThreadedProducer};
use tidegate::message::NewRecord;

use crate::generator::Shots;
use crate::table::pairs::ROUND;

type Answer = Result<usize, KafkaError>;

/// A batch on its way. Its last record that is acknowledged gives its number back.
struct Sent {
    batch: usize,
    left: AtomicUsize,
    answers: Sender<Answer>,
}

struct Deliveries;

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Arc<Sent>;

    fn delivery(&self, result: &DeliveryResult<'_>, sent: Arc<Sent>) {
        let answer = match result {
            Ok(_) if sent.left.fetch_sub(1, Ordering::AcqRel) > 1 => return,
            Ok(_) => Ok(sent.batch),
            Err((error, _)) => Err(error.clone()),
        };
        // After a failure nobody listens.
        let _ = sent.answers.send(answer);
    }
}

/// A producer with the guarantees of ours. It waits 1 ms for more records: what it has to send comes in bulk.
pub(crate) struct Plain(ThreadedProducer<Deliveries>);

impl Plain {
    pub(crate) fn new(brokers: &str) -> Self {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers).set("acks", "all");
        config.set("enable.idempotence", "true").set("linger.ms", "1");
        config.set("partitioner", "murmur2_random");
        Self(config.create_with_context(Deliveries).expect("legal properties"))
    }

    /// Publishes each of the batches again and again, as soon as it was acknowledged.
    pub(crate) fn publish(&self, batches: &[Vec<NewRecord>]) -> Shots {
        let (answers, acknowledged) = channel();
        let started = Instant::now();
        (0..batches.len()).for_each(|batch| self.send(batch, batches, &answers));
        let mut answered = 0;
        while started.elapsed() < ROUND {
            let batch = next(&acknowledged);
            answered += 1;
            self.send(batch, batches, &answers);
        }
        for _ in batches {
            next(&acknowledged);
            answered += 1;
        }
        Shots { answered, took: started.elapsed() }
    }

    fn send(&self, batch: usize, batches: &[Vec<NewRecord>], answers: &Sender<Answer>) {
        let left = AtomicUsize::new(batches[batch].len());
        let sent = Arc::new(Sent { batch, left, answers: answers.clone() });
        for record in &batches[batch] {
            let refused = self.0.send(in_clients_form(record, Arc::clone(&sent)));
            refused.map_err(|(error, _)| error).expect("room for what is in flight");
        }
    }
}

fn next(acknowledged: &Receiver<Answer>) -> usize {
    acknowledged.recv().expect("there is a sender").expect("a broker that acknowledges")
}

fn in_clients_form(record: &NewRecord, sent: Arc<Sent>) -> BaseRecord<'_, [u8], [u8], Arc<Sent>> {
    let mut form = BaseRecord::with_opaque_to(record.topic.as_str(), sent);
    form.key = record.key.as_deref();
    form.payload = record.value.as_deref();
    let headers = OwnedHeaders::new_with_capacity(record.headers.len());
    form.headers(record.headers.iter().fold(headers, |headers, header| {
        headers.insert(Header { key: header.name.as_ref(), value: header.value.as_deref() })
    }))
}

//! The thread that sends.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::BaseRecord;

use super::super::catalogue::Known;
use super::super::cluster::Cluster;
use super::Job;
use super::batch::{Batch, Slot};
use super::producers::Producers;
use crate::broker::{BrokerError, PublishError};
use crate::message::{NewRecord, TopicName, TopicPartition};

/// How long what is queued may take to be written, at the end.
const LAST_FLUSH: Duration = Duration::from_secs(10);

/// So often the producers are looked after, at least.
const TEND: Duration = Duration::from_secs(1);

/// Between two tries while the client's own queue is full.
const FULL: Duration = Duration::from_millis(5);

/// A topic that could not be looked up is not looked up again for so long: what is queued behind would wait.
const SILENCE: Duration = Duration::from_secs(1);

/// See the module.
pub(super) struct Sender {
    cluster: Arc<Cluster>,
    producers: Producers,
    silent: HashMap<TopicName, (Instant, PublishError)>,
}

impl Sender {
    pub(super) fn new(cluster: Arc<Cluster>) -> Self {
        let producers = Producers::new(cluster.clone());
        Self { cluster, producers, silent: HashMap::new() }
    }

    /// Until the queue is closed, or gone with its broker.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        let mut closing = None;
        loop {
            self.producers.tend();
            match jobs.recv_timeout(TEND) {
                Ok(Job::Send(records, batch)) => self.send_all(records, &batch),
                Ok(Job::Close(done)) => {
                    closing = Some(done);
                    break;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.producers.flush(LAST_FLUSH);
        // What is left is answered as the producers end.
        drop(self.producers);
        if let Some(done) = closing {
            let _ = done.send(());
        }
    }

    fn send_all(&mut self, records: Vec<NewRecord>, batch: &Arc<Batch>) {
        // Most calls are for one topic: it is looked up once.
        let mut last = None;
        for (index, record) in records.into_iter().enumerate() {
            let slot = Box::new(Slot::new(batch, index, &record));
            match self.accept(&record, &mut last) {
                Ok(known) => self.send(&record, slot, known),
                Err(refused) => slot.answer(Err(refused)),
            }
        }
    }

    /// What is known of the record's topic, or why nothing of the record is written.
    fn accept(
        &mut self,
        record: &NewRecord,
        last: &mut Option<(TopicName, Known)>,
    ) -> Result<Known, PublishError> {
        let fits = |known: &Known| fits(record, known);
        if let Some((topic, known)) = last
            && *topic == record.topic
            && fits(known).is_ok()
        {
            return Ok(*known);
        }
        let known = match self.cluster.catalogue.get(&record.topic) {
            Some(known) if fits(&known).is_ok() || !known.may_be_stale() => known,
            _ => self.describe(&record.topic)?,
        };
        fits(&known)?;
        *last = Some((record.topic.clone(), known));
        Ok(known)
    }

    fn describe(&mut self, topic: &TopicName) -> Result<Known, PublishError> {
        if let Some((since, error)) = self.silent.get(topic)
            && since.elapsed() < SILENCE
        {
            return Err(error.clone());
        }
        self.silent.remove(topic);
        self.cluster.describe(topic).map_err(|error| match error {
            BrokerError::UnknownTopic(topic) => PublishError::UnknownTopic(topic),
            BrokerError::Unavailable(reason) | BrokerError::Denied(reason) => {
                let error = PublishError::Unavailable(reason);
                self.silent.insert(topic.clone(), (Instant::now(), error.clone()));
                error
            }
            other => PublishError::Unavailable(other.to_string()),
        })
    }

    fn send(&mut self, record: &NewRecord, mut slot: Box<Slot>, known: Known) {
        slot.limit = known.limit;
        loop {
            let producer = match self.producers.of(known.limit.batch) {
                Ok(producer) => producer,
                Err(e) => return slot.answer(Err(PublishError::Unavailable(e.to_string()))),
            };
            let refused = match producer.send(in_clients_form(record, slot)) {
                Ok(()) => return,
                Err((error, record)) => (error, record.delivery_opaque),
            };
            slot = refused.1;
            match &refused.0 {
                KafkaError::MessageProduction(Code::QueueFull) => {
                    self.producers.tend();
                    std::thread::sleep(FULL);
                }
                KafkaError::MessageProduction(Code::Fatal) => {
                    self.producers.discard(known.limit.batch);
                }
                error => {
                    let reason = format!("the client refuses the record: {error}");
                    return slot.answer(Err(PublishError::Unavailable(reason)));
                }
            }
        }
    }
}

fn fits(record: &NewRecord, known: &Known) -> Result<(), PublishError> {
    let topic = || record.topic.clone();
    if let Some(partition) = record.partition.filter(|p| p.0 >= known.partitions) {
        return Err(PublishError::UnknownPartition(TopicPartition::new(topic(), partition)));
    }
    if known.compacts && record.key.is_none() {
        // The cluster would refuse the whole batch.
        return Err(PublishError::KeyMissing(topic()));
    }
    if record.timestamp.is_some_and(|t| t.0 < 0) {
        // The cluster would refuse the whole batch.
        let reason = "Kafka takes no timestamp before 1970".into();
        return Err(PublishError::Unavailable(reason));
    }
    let (size, limit) = (record.size(), known.limit.record);
    if size > limit {
        return Err(PublishError::TooLarge { topic: topic(), size, limit });
    }
    Ok(())
}

fn in_clients_form(record: &NewRecord, slot: Box<Slot>) -> BaseRecord<'_, [u8], [u8], Box<Slot>> {
    let mut sent = BaseRecord::with_opaque_to(record.topic.as_str(), slot);
    sent.key = record.key.as_deref();
    sent.payload = record.value.as_deref();
    // Its topic has that many, which is an int32 on the wire.
    sent.partition = record.partition.map(|p| i32::try_from(p.0).unwrap_or(i32::MAX));
    sent.timestamp = record.timestamp.map(|t| t.0);
    if !record.headers.is_empty() {
        let headers = OwnedHeaders::new_with_capacity(record.headers.len());
        sent.headers = Some(record.headers.iter().fold(headers, |headers, header| {
            headers.insert(Header { key: header.name.as_ref(), value: header.value.as_deref() })
        }));
    }
    sent
}

//! The producers: one for each size of batch, made anew when it has failed for good.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{Producer as _, ProducerContext, ThreadedProducer};

use super::super::cluster::{Cluster, is_missing};
use super::super::context::{Told, tells};
use super::super::rescue::Rescue;
use super::super::{error, record};
use super::batch::Slot;
use crate::broker::{BrokerError, Placed, PublishError};

pub(super) type Producer = ThreadedProducer<Deliveries>;

/// Why nothing is known of a record that the client takes for written.
const IMPLIED: &str = "the cluster has acknowledged a later record, and did not name this one";

/// Tells each record's slot how it went.
pub(super) struct Deliveries {
    told: Told,
    cluster: Arc<Cluster>,
}

tells!(Deliveries);

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Slot>;

    fn delivery(&self, result: &DeliveryResult<'_>, slot: Box<Slot>) {
        let ack = match result {
            // No answer of the cluster names it. The client concludes from the success of a later one that this one was written, too
            // ("implicit ack"); where the cluster knew nothing of the producer yet, and the first request had failed, it was not.
            Ok(message) if message.offset() < 0 => Err(PublishError::Unknown(IMPLIED.into())),
            Ok(message) => Ok(Placed {
                partition: record::partition(message.partition()),
                offset: record::offset(message.offset()),
            }),
            Err((failure, message)) => {
                let code = failure.rdkafka_error_code().unwrap_or(Code::Unknown);
                // What was known of the topic is not so any more: the next record finds out what is.
                let changed = matches!(code, Code::MessageSizeTooLarge | Code::InvalidRecord);
                if is_missing(code) || changed {
                    self.cluster.catalogue.forget(&slot.topic);
                }
                let partition = record::partition(message.partition());
                let sent = error::Sent {
                    topic: &slot.topic,
                    partition,
                    size: slot.size,
                    limit: slot.limit,
                };
                Err(error::delivery(code, &sent, &self.cluster.troubles))
            }
        };
        slot.answer(ack);
    }
}

/// By the size of their batches.
pub(super) struct Producers {
    cluster: Arc<Cluster>,
    all: Vec<(usize, Producer, Rescue)>,
}

impl Producers {
    pub(super) fn new(cluster: Arc<Cluster>) -> Self {
        Self { cluster, all: Vec::new() }
    }

    /// The producer for topics with such batches, always the same one, as two would not keep the order.
    pub(super) fn of(&mut self, batch: usize) -> Result<&Producer, BrokerError> {
        // There are one or two: nothing is hashed for each record.
        if let Some(place) = self.all.iter().position(|(of, ..)| *of == batch) {
            return Ok(&self.all[place].1);
        }
        let context = Deliveries { told: self.cluster.told(), cluster: self.cluster.clone() };
        let config = self.cluster.options.producing(batch);
        let made = Producer::from_config_and_context(&config, context).map_err(error::config)?;
        let rescue = Rescue::new(&self.cluster.options);
        Ok(&self.all.push_mut((batch, made, rescue)).1)
    }

    /// Call it often, also while nothing is sent: what is on its way is written again only by a client that knows brokers.
    pub(super) fn tend(&mut self) {
        self.all.iter_mut().for_each(|(_, producer, rescue)| rescue.tend(producer.client()));
    }

    /// Idempotence cannot go on: the next producer has a new identity. The records of this one are answered as unknown.
    pub(super) fn discard(&mut self, batch: usize) {
        for (_, failed, _) in self.all.extract_if(.., |(of, ..)| *of == batch) {
            if let Some((code, reason)) = failed.client().fatal_error() {
                tracing::warn!(%code, reason, "the Kafka producer failed for good and is made anew");
            }
        }
    }

    /// Waits until all is acknowledged, but not for ever.
    pub(super) fn flush(&self, within: Duration) {
        let deadline = std::time::Instant::now() + within;
        for producer in self.all.iter().map(|(_, producer, _)| producer) {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            if let Err(error) = producer.flush(left) {
                let records = producer.in_flight_count();
                tracing::warn!(%error, records, "records were not acknowledged before the end");
            }
        }
    }
}

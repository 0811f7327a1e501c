//! Clients that read one partition each, and those that are kept because a scan may go on.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::Message;

use super::context::Told;
use super::options::KafkaOptions;
use super::{error, record};
use crate::broker::BrokerError;
use crate::message::{Offset, Record, TopicPartition};

/// So many readers that nobody uses are kept.
const KEPT: usize = 8;

/// One client, one partition, and where it stands.
pub(super) struct Reader {
    client: BaseConsumer<Told>,
    partition: TopicPartition,
    next: Offset,
}

/// What a reader came upon.
pub(super) enum Heard {
    Record(Record),
    End,
    Nothing,
    Failed(KafkaError),
}

impl Reader {
    pub(super) fn new(
        options: &KafkaOptions,
        told: Told,
        partition: TopicPartition,
    ) -> Result<Self, BrokerError> {
        let client = BaseConsumer::from_config_and_context(&options.reading(), told);
        Ok(Self { client: client.map_err(error::config)?, partition, next: Offset(0) })
    }

    /// Reads on from there. What was prefetched is forgotten.
    pub(super) fn set_down(&mut self, from: Offset) -> KafkaResult<()> {
        let mut list = TopicPartitionList::with_capacity(1);
        let (topic, number) = (self.partition.topic.as_str(), record::number(&self.partition));
        list.add_partition_offset(topic, number, record::raw(from))?;
        self.client.assign(&list)?;
        self.next = from;
        Ok(())
    }

    pub(super) fn hear(&mut self, within: Duration) -> Heard {
        match self.client.poll(within) {
            None => Heard::Nothing,
            Some(Err(KafkaError::PartitionEOF(_))) => Heard::End,
            Some(Err(error)) => Heard::Failed(error),
            Some(Ok(message)) => {
                // A batch is sent whole: it may begin before what was asked for.
                if record::offset(message.offset()) < self.next {
                    return Heard::Nothing;
                }
                let record = record::of(&message, &self.partition.topic);
                self.next = record.offset.next();
                Heard::Record(record)
            }
        }
    }
}

/// Readers that nobody uses, the one that was used last in front.
#[derive(Default)]
pub(super) struct Readers(Mutex<VecDeque<Reader>>);

impl Readers {
    /// A reader that stands exactly there.
    pub(super) fn take(&self, partition: &TopicPartition, at: Offset) -> Option<Reader> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().position(|r| r.next == at && r.partition == *partition)?;
        kept.remove(found)
    }

    /// Keeps a reader; what is too many is given back, to be dropped where blocking is fine.
    pub(super) fn put(&self, reader: Reader) -> Option<Reader> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front(reader);
        if kept.len() > KEPT { kept.pop_back() } else { None }
    }

    pub(super) fn take_all(&self) -> VecDeque<Reader> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn clear(&self) {
        drop(self.take_all());
    }
}

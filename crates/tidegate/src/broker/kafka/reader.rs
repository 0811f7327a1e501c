//! A client that reads one partition.

use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message};

use super::context::Told;
use super::options::KafkaOptions;
use super::record::Copies;
use super::rescue::Rescue;
use super::{error, ffi, record};
use crate::broker::BrokerError;
use crate::message::{Offset, Record, TopicPartition};

/// One client, one partition, and where it stands.
pub(super) struct Reader {
    client: BaseConsumer<Told>,
    rescue: Rescue,
    partition: TopicPartition,
    next: Offset,
    copies: Copies,
}

/// What a reader came upon.
pub(super) enum Heard {
    Record(Record),
    End,
    Nothing,
    /// What comes next cannot be read, and why. Behind it something may be passed over (`member/corrupt.rs`): it is not used again.
    Corrupt(&'static str),
    Failed(KafkaError),
}

impl Reader {
    pub(super) fn new(
        options: &KafkaOptions,
        told: Told,
        partition: TopicPartition,
    ) -> Result<Self, BrokerError> {
        let client = BaseConsumer::from_config_and_context(&options.reading(), told);
        Ok(Self {
            client: client.map_err(error::config)?,
            rescue: Rescue::new(options),
            partition,
            next: Offset(0),
            copies: Copies::kept(),
        })
    }

    /// The same client for another partition. Nothing is read before it is [set down](Self::set_down).
    pub(super) fn elsewhere(self, partition: TopicPartition) -> Self {
        Self { partition, ..self }
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

    /// Whether it is of where it stands now: it may have read elsewhere.
    fn reads(&self, message: &BorrowedMessage<'_>) -> bool {
        let place = &self.partition;
        message.partition() == record::number(place) && message.topic() == place.topic.as_str()
    }

    /// Whether it stands exactly there.
    pub(super) fn is_at(&self, partition: &TopicPartition, offset: Offset) -> bool {
        self.next == offset && self.partition == *partition
    }

    /// It has come this far without a record.
    pub(super) fn passed(&mut self, next: Offset) {
        self.next = self.next.max(next);
    }

    pub(super) fn hear(&mut self, within: Duration) -> Heard {
        match self.client.poll(within) {
            None => {
                self.rescue.tend(self.client.client());
                Heard::Nothing
            }
            Some(Err(KafkaError::PartitionEOF(_))) => Heard::End,
            Some(Err(error)) => match error::corrupt(&error) {
                Some(reason) => Heard::Corrupt(reason),
                None => Heard::Failed(error),
            },
            Some(Ok(message)) => {
                // A batch is sent whole: it may begin before what was asked for.
                let early = record::offset(message.offset()) < self.next;
                if early || !self.reads(&message) {
                    return Heard::Nothing;
                }
                let record = self.copies.of(ffi::Message::of(&message), &self.partition.topic);
                self.next = record.offset.next();
                Heard::Record(record)
            }
        }
    }
}

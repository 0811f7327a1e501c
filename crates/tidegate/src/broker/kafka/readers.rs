//! A client that reads partitions of one topic. Of one topic, because the end of a partition is told by its number alone.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::message::Message;

use super::context::Told;
use super::options::KafkaOptions;
use super::record::{self, Copies};
use super::rescue::Rescue;
use super::{error, ffi};
use crate::broker::{BrokerError, Watermarks};
use crate::message::{Offset, Partition, Record, TopicName, TopicPartition};

/// One client, its partitions, and where it stands in each.
pub(super) struct Readers {
    client: BaseConsumer<Told>,
    rescue: Rescue,
    topic: TopicName,
    stands: BTreeMap<Partition, Stand>,
    copies: Copies,
}

#[derive(Debug, Clone, Copy)]
struct Stand {
    next: Offset,
    /// As they were before it was set down there; the end goes along with what is read.
    bounds: Watermarks,
}

/// What a reader came upon.
pub(super) enum Heard {
    Record(Partition, Record),
    /// The end of a partition; whether that is further than its last record.
    End(bool),
    /// A record that was not asked for, or an error that mends itself.
    Passed,
    Nothing,
    /// Something is wrong with some partition.
    Unclear,
}

impl Readers {
    pub(super) fn new(
        options: &KafkaOptions,
        told: Told,
        topic: TopicName,
    ) -> Result<Self, BrokerError> {
        let client = BaseConsumer::from_config_and_context(&options.following(), told);
        let client = client.map_err(error::config)?;
        Ok(Self {
            client,
            rescue: Rescue::new(options),
            topic,
            stands: BTreeMap::new(),
            copies: Copies::passing(),
        })
    }

    pub(super) fn is_of(&self, topic: &TopicName) -> bool {
        self.topic == *topic
    }

    /// Whether it stands exactly there.
    pub(super) fn is_at(&self, number: Partition, offset: Offset) -> bool {
        self.stands.get(&number).is_some_and(|stand| stand.next == offset)
    }

    /// Reads these partitions and no others: those with bounds from where they are asked for, the rest on. What was prefetched is
    /// forgotten when anything changes, which it does when partitions come and go.
    pub(super) fn set_down(
        &mut self,
        from: &[(Partition, Offset)],
        bounds: BTreeMap<Partition, Watermarks>,
    ) -> KafkaResult<()> {
        let (before, changed) = (self.stands.len(), !bounds.is_empty());
        self.stands.retain(|number, _| from.iter().any(|(asked, _)| asked == number));
        for (number, next) in from {
            match bounds.get(number) {
                Some(bounds) => {
                    self.stands.insert(*number, Stand { next: *next, bounds: *bounds });
                }
                // Refused: it is not read.
                None if !self.is_at(*number, *next) => drop(self.stands.remove(number)),
                None => {}
            }
        }
        if changed || self.stands.len() != before { self.assign() } else { Ok(()) }
    }

    fn assign(&self) -> KafkaResult<()> {
        let mut list = TopicPartitionList::with_capacity(self.stands.len());
        for (number, stand) in &self.stands {
            let place = TopicPartition::new(self.topic.clone(), *number);
            let offset = record::raw(stand.next);
            list.add_partition_offset(self.topic.as_str(), record::number(&place), offset)?;
        }
        self.client.assign(&list)
    }

    /// Whether it has read all that was there when it was set down, everywhere.
    pub(super) fn all_at_end(&self) -> bool {
        self.stands.values().all(|stand| stand.next >= stand.bounds.end)
    }

    /// Where it stands, and the partition's bounds.
    pub(super) fn stands(&self, number: Partition) -> Option<(Offset, Watermarks)> {
        self.stands.get(&number).map(|stand| (stand.next, stand.bounds))
    }

    pub(super) fn hear(&mut self, within: Duration) -> Heard {
        match self.client.poll(within) {
            None => {
                self.rescue.tend(self.client.client());
                Heard::Nothing
            }
            Some(Err(KafkaError::PartitionEOF(number))) => {
                // The bounds were asked for before: what lies before them without a record is a gap.
                let stand = self.stands.get_mut(&record::partition(number));
                Heard::End(stand.is_some_and(Stand::pass))
            }
            Some(Err(error)) if is_unclear(&error) => Heard::Unclear,
            Some(Err(_)) => Heard::Passed,
            Some(Ok(message)) => {
                let number = record::partition(message.partition());
                let Some(stand) = self.stands.get_mut(&number) else { return Heard::Passed };
                // A batch is sent whole: it may begin before what was asked for.
                if record::offset(message.offset()) < stand.next {
                    return Heard::Passed;
                }
                let record = self.copies.of(ffi::Message::of(&message), &self.topic);
                stand.next = record.offset.next();
                stand.bounds.end = stand.bounds.end.max(stand.next);
                Heard::Record(number, record)
            }
        }
    }
}

impl Stand {
    fn pass(&mut self) -> bool {
        let moved = self.next < self.bounds.end;
        self.next = self.next.max(self.bounds.end);
        moved
    }
}

/// The others mend themselves while the client goes on, or end as no answer.
fn is_unclear(error: &KafkaError) -> bool {
    error::corrupt(error).is_some()
        || matches!(
            error.rdkafka_error_code(),
            Some(
                Code::AutoOffsetReset
                    | Code::OffsetOutOfRange
                    | Code::UnknownTopicOrPartition
                    | Code::UnknownTopic
                    | Code::UnknownPartition
                    | Code::TopicAuthorizationFailed
                    | Code::Fatal
            )
        )
}

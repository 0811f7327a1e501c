//! Lists of partitions, between the client's form and ours.

use std::collections::BTreeMap;

use rdkafka::TopicPartitionList;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use crate::broker::Committed;
use crate::broker::kafka::{ffi, record};
use crate::message::TopicPartition;

/// These partitions, without offsets.
pub(super) fn list<'a>(
    partitions: impl IntoIterator<Item = &'a TopicPartition>,
) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(partition.topic.as_str(), record::number(partition));
    }
    list
}

/// What the list says is committed. Metadata that is not text was not written by us, and says nothing to us.
pub(super) fn committed(
    list: &TopicPartitionList,
) -> Result<BTreeMap<TopicPartition, Committed>, KafkaError> {
    let mut committed = BTreeMap::new();
    for entry in ffi::offsets(list) {
        let code = RDKafkaErrorCode::from(entry.error);
        if code != RDKafkaErrorCode::NoError {
            return Err(KafkaError::OffsetFetch(code));
        }
        let Ok(topic) = entry.topic.as_str().try_into() else { continue };
        if entry.offset >= 0 {
            let partition = TopicPartition::new(topic, record::partition(entry.partition));
            let metadata = String::from_utf8_lossy(&entry.metadata).into_owned();
            let offset = record::offset(entry.offset);
            committed.insert(partition, Committed { offset, metadata });
        }
    }
    Ok(committed)
}

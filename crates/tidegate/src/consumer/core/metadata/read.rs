//! Reads what [`CommitMetadata::encode`] has written, or the version before.

use std::str::FromStr;
use std::time::Duration;

use super::{BEFORE, CommitMetadata, DoneAbove, MetadataError, RetryState, VERSION};
use crate::consumer::core::Fence;
use crate::consumer::core::percent::unescape;
use crate::message::{Offset, Partition, Timestamp, TopicId, TopicName, TopicPartition};

impl CommitMetadata {
    /// Reads the text of version 4 or 3.
    ///
    /// # Errors
    /// [`MetadataError`] when it is not such a text, or damaged.
    pub fn decode(text: &str) -> Result<Self, MetadataError> {
        let (version, rest) = text.split_once(' ').ok_or(MetadataError::Version)?;
        if ![VERSION, BEFORE].contains(&version) {
            return Err(MetadataError::Version);
        }
        let (crc, body) = rest
            .strip_prefix("crc=")
            .and_then(|rest| rest.split_once(' '))
            .ok_or(MetadataError::Field("crc"))?;
        if crc != format!("{:08x}", crc32fast::hash(body.as_bytes())) {
            return Err(MetadataError::Checksum);
        }
        Self::decode_body(body, version == VERSION)
    }

    fn decode_body(body: &str, has_topic: bool) -> Result<Self, MetadataError> {
        let mut fields = body.split(' ');
        let cluster_id = field(&mut fields, "cluster", unescape)?;
        let partition = field(&mut fields, "partition", decode_partition)?;
        let topic_id = if has_topic { field(&mut fields, "topic", decode_topic_id)? } else { None };
        let base = Offset(field(&mut fields, "base", number)?);
        let log_start = Offset(field(&mut fields, "start", number)?);
        let fence = field(&mut fields, "schedule", decode_fence)?;
        let retries = field(&mut fields, "retry", |text| decode_retries(text, base))?;
        let done = field(&mut fields, "done", |text| DoneAbove::decode(text, base))?;
        match fields.next() {
            None => {
                Ok(Self { cluster_id, partition, topic_id, base, log_start, fence, retries, done })
            }
            Some(_) => Err(MetadataError::Field("end")),
        }
    }
}

fn field<'a, T>(
    fields: &mut impl Iterator<Item = &'a str>,
    name: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, MetadataError> {
    fields
        .next()
        .and_then(|field| field.strip_prefix(name)?.strip_prefix('='))
        .and_then(read)
        .ok_or(MetadataError::Field(name))
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn decode_partition(text: &str) -> Option<TopicPartition> {
    let (topic, partition) = text.rsplit_once('/')?;
    Some(TopicPartition::new(TopicName::new(topic).ok()?, Partition(number(partition)?)))
}

/// Empty: the log did not say.
fn decode_topic_id(text: &str) -> Option<Option<TopicId>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

fn decode_fence(text: &str) -> Option<Fence> {
    let (term, end) = text.split_once(':')?;
    Some(Fence { term: number(term)?, end: Offset(number(end)?) })
}

fn decode_retries(text: &str, base: Offset) -> Option<Vec<RetryState>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.split(',').map(|entry| decode_retry(entry, base)).collect()
}

fn decode_retry(entry: &str, base: Offset) -> Option<RetryState> {
    let mut parts = entry.split(':');
    let retry = RetryState {
        offset: Offset(base.0.checked_add(number(parts.next()?)?)?),
        attempts: number(parts.next()?)?,
        unknown: number(parts.next()?)?,
        due: Timestamp(number(parts.next()?)?),
        delay: Duration::from_millis(number(parts.next()?)?),
        active: Duration::from_millis(number(parts.next()?)?),
    };
    parts.next().is_none().then_some(retry)
}

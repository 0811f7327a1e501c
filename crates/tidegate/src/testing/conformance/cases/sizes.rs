//! How large a record may be.

use super::prelude::*;
use crate::broker::{NewTopic, PublishError};

/// A topic with this limit.
async fn limited(lab: &Lab<'_>, limit: usize) -> Outcome<TopicPartition> {
    let name = lab.fresh_topic_name()?;
    let max_message_bytes = Some(limit);
    lab.create(NewTopic { max_message_bytes, ..NewTopic::new(name.clone(), 1) }).await?;
    Ok(partition(&name, 0))
}

/// Key, value and headers of exactly this size; not compressible, so that nothing slips through smaller.
fn sized(p: &TopicPartition, size: usize) -> NewRecord {
    let record = record_to(p).key("key").header("name", "header");
    let mut value = vec![0; size - record.size()];
    fastrand::Rng::with_seed(7).fill(&mut value);
    record.value(value)
}

/// The default limit, 1,048,576 bytes of key, value and headers, is accepted and read back.
pub(in super::super) async fn a_record_of_one_megabyte(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let record = sized(&p, NewTopic::DEFAULT_MAX_MESSAGE_BYTES);
    lab.publish(vec![record.clone()]).await?;
    let records = lab.read(&p, 0).await?;
    ensure_eq!(records.len(), 1, "records read");
    ensure!(records[0].value == record.value, "the megabyte came back changed");
    Ok(())
}

/// One byte more is refused with its size and the limit; nothing of it is written, its neighbours are.
pub(in super::super) async fn too_large_is_refused_alone(lab: Lab<'_>) -> Outcome {
    let limit = NewTopic::DEFAULT_MAX_MESSAGE_BYTES;
    let p = lab.partition().await?;
    let batch = vec![numbered(&p, 0), sized(&p, limit + 1), numbered(&p, 1)];
    let acks = lab.try_publish(batch).await?;
    ensure_eq!(acks.len(), 3, "acknowledgements");
    let refused = PublishError::TooLarge { topic: p.topic.clone(), size: limit + 1, limit };
    ensure_eq!(acks[1], Err(refused), "the answer to the large record");
    ensure!(acks[0].is_ok() && acks[2].is_ok(), "a neighbour was refused: {acks:?}");
    ensure_eq!(values(&lab.read(&p, 0).await?), numbers(0..2), "what was written");
    Ok(())
}

/// A topic's own limit holds, to the byte.
pub(in super::super) async fn a_topic_may_have_its_own_limit(lab: Lab<'_>) -> Outcome {
    let p = limited(&lab, 1_000).await?;
    let acks = lab.try_publish(vec![sized(&p, 1_000), sized(&p, 1_001)]).await?;
    ensure_matches!(acks[0], Ok(_), "a record at the limit");
    ensure_matches!(acks[1], Err(PublishError::TooLarge { limit: 1_000, .. }), "one over it");
    let larger = limited(&lab, 3 << 20).await?;
    lab.publish(vec![sized(&larger, 3 << 20)]).await?;
    Ok(())
}

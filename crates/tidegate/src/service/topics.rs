//! Creates the topics that a service needs, where that is its business.

use crate::broker::{AdminError, Broker, NewTopic, TopicInfo};
use crate::findings::Finding;
use crate::message::TopicName;
use crate::service::checks::{self, DEAD_LETTER_ROOM, Pairs};

/// Creates what is missing. A dead-letter topic gets its source's partitions, and room for what comes on top (rule 5).
pub(super) async fn create(
    broker: &Broker,
    (pairs, schedules): (&Pairs, &Pairs),
    known: &[TopicInfo],
    partitions: u32,
) -> Vec<Finding> {
    let mut missing = missing(pairs, known, partitions);
    missing.extend(companions(schedules, known, partitions));
    if missing.is_empty() {
        return Vec::new();
    }
    let names: Vec<TopicName> = missing.iter().map(|topic| topic.name.clone()).collect();
    let results = broker.create_topics(missing).await;
    let failed = names.iter().zip(&results).filter_map(|(name, result)| match result {
        // Another service of this process was first.
        Ok(()) | Err(AdminError::TopicExists(_)) => None,
        Err(error) => Some(checks::not_created(name, error)),
    });
    failed.collect()
}

fn missing(pairs: &Pairs, known: &[TopicInfo], partitions: u32) -> Vec<NewTopic> {
    let find = |name: &TopicName| known.iter().find(|info| info.name == *name);
    let mut topics = Vec::new();
    for (source, dead) in pairs {
        let (count, limit) = match find(source) {
            Some(info) => (info.partitions, info.max_message_bytes),
            None => {
                topics.push(NewTopic::new(source.clone(), partitions));
                (partitions, NewTopic::DEFAULT_MAX_MESSAGE_BYTES)
            }
        };
        let is_new = find(dead).is_none() && !topics.iter().any(|topic| topic.name == *dead);
        if is_new {
            let mut topic = NewTopic::new(dead.clone(), count);
            topic.max_message_bytes = Some(limit.saturating_add(DEAD_LETTER_ROOM));
            topics.push(topic);
        }
    }
    topics
}

/// Companions that are missing: as their sources are, or are about to be made.
fn companions(schedules: &Pairs, known: &[TopicInfo], partitions: u32) -> Vec<NewTopic> {
    let find = |name: &TopicName| known.iter().find(|info| info.name == *name);
    let missing = schedules.iter().filter(|(_, companion)| find(companion).is_none());
    let made = missing.map(|(source, name)| {
        let new = || TopicInfo::of_new(source.clone(), partitions);
        NewTopic::companion(name.clone(), &find(source).cloned().unwrap_or_else(new))
    });
    made.collect()
}

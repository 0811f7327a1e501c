//! The topics of the system, and making sure that they exist.

use tidegate::broker::{AdminError, Broker, BrokerError, NewTopic, Retention, TopicInfo};
use tidegate::message::TopicName;
use tidegate::service::CompanionError;

use crate::config::Config;
use crate::up::Process;

/// A dead letter is its record and the reasons for it: so much more, in bytes (TG0028).
const LETTER: usize = 64 << 10;

/// What operators did.
pub const AUDIT: &str = "orders_audit";

/// The topic of what operators did.
#[must_use]
pub fn audit() -> TopicName {
    TopicName::new(AUDIT).expect("letters and _ make a legal name")
}

/// What is needed: `orders`, `orders_dlq`, `orders_audit`, by their configured names; `orders_retry` is made as its source
/// stands. What operators did is kept for ever.
fn wanted(config: &Config) -> Vec<NewTopic> {
    let kafka = &config.kafka;
    let topic = |name: TopicName, partitions| NewTopic {
        replication: kafka.kafka_replication_factor,
        ..NewTopic::new(name, partitions)
    };
    vec![
        topic(kafka.kafka_topic_orders.clone(), kafka.kafka_topic_partitions),
        NewTopic {
            max_message_bytes: Some(NewTopic::DEFAULT_MAX_MESSAGE_BYTES + LETTER),
            ..topic(kafka.kafka_topic_orders_dlq.clone(), kafka.kafka_topic_partitions)
        },
        topic(audit(), 1).kept(Retention::Forever),
    ]
}

/// Why the topics cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TopicsError {
    /// One can neither be made nor found.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The retry topic is there, and loses or refuses what is to wait in it.
    #[error("{0}; {remedy}", remedy = .0.remedy())]
    Retry(CompanionError),
}

impl From<BrokerError> for TopicsError {
    fn from(error: BrokerError) -> Self {
        Self::Admin(error.into())
    }
}

/// What a process cannot do without.
#[must_use]
pub fn needed(config: &Config, process: Process) -> Vec<TopicName> {
    let kafka = &config.kafka;
    let (events, letters) =
        (kafka.kafka_topic_orders.clone(), kafka.kafka_topic_orders_dlq.clone());
    let retries = kafka.kafka_topic_orders_retry.clone();
    match process {
        Process::Up { .. } => vec![events, retries, letters, audit()],
        Process::Producer => vec![events],
        Process::Consumer => vec![events, retries, letters],
        Process::Replay => vec![events, letters, audit()],
        Process::Gateway { .. } => Vec::new(),
    }
}

/// Those of the topics that are there, and those that are not.
///
/// # Errors
/// When the log cannot be asked.
pub async fn find(
    broker: &Broker,
    names: &[TopicName],
) -> Result<(Vec<Ensured>, Vec<TopicName>), BrokerError> {
    let existing = broker.topics().await?;
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in names.iter().cloned() {
        match existing.iter().find(|topic| topic.name == name) {
            Some(topic) => {
                found.push(Ensured { name, partitions: topic.partitions, created: false })
            }
            None => missing.push(name),
        }
    }
    Ok((found, missing))
}

/// A topic, and whether it was made just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ensured {
    /// Its name.
    pub name: TopicName,
    /// How many partitions it has.
    pub partitions: u32,
    /// Whether it was made just now.
    pub created: bool,
}

/// Creates what is missing. A topic that exists stays as it is, whatever number of partitions is configured; that it does not
/// keep its records for as long as it should is logged.
///
/// # Errors
/// The first topic that can neither be made nor found, and a retry topic that is not as it must be.
pub async fn ensure(broker: &Broker, config: &Config) -> Result<Vec<Ensured>, TopicsError> {
    let wanted = wanted(config);
    let mut created = create(broker, wanted.clone()).await?;
    created.extend(create(broker, vec![retries(broker, config).await?]).await?);
    let names = needed(config, Process::Up { forgetful: false });
    let (found, missing) = find(broker, &names).await?;
    if let Some(name) = missing.into_iter().next() {
        return Err(BrokerError::UnknownTopic(name).into());
    }
    let existing = broker.topics().await?;
    check_retries(&existing, config)?;
    for name in kept_too_short(&existing, &wanted) {
        tracing::warn!(
            topic = name.as_str(),
            "not kept for ever, and should be: set retention.ms=-1"
        );
    }
    let made = |topic: Ensured| Ensured { created: created.contains(&topic.name), ..topic };
    Ok(found.into_iter().map(made).collect())
}

/// The names of those that were made just now.
async fn create(broker: &Broker, wanted: Vec<NewTopic>) -> Result<Vec<TopicName>, AdminError> {
    let names: Vec<_> = wanted.iter().map(|topic| topic.name.clone()).collect();
    let mut created = Vec::new();
    for (name, result) in names.into_iter().zip(broker.create_topics(wanted).await) {
        match result {
            Ok(()) => created.push(name),
            Err(AdminError::TopicExists(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(created)
}

/// The retry topic for the events' topic as it stands, which may have been made with other numbers than the configured ones.
async fn retries(broker: &Broker, config: &Config) -> Result<NewTopic, BrokerError> {
    let kafka = &config.kafka;
    let events = &kafka.kafka_topic_orders;
    let existing = broker.topics().await?;
    let source =
        named(&existing, events).ok_or_else(|| BrokerError::UnknownTopic(events.clone()))?;
    let companion = NewTopic::companion(kafka.kafka_topic_orders_retry.clone(), source);
    Ok(NewTopic { replication: kafka.kafka_replication_factor, ..companion })
}

/// Nothing is wrong where it may not be seen: the consumer finds that out at its start.
fn check_retries(existing: &[TopicInfo], config: &Config) -> Result<(), TopicsError> {
    let kafka = &config.kafka;
    let events = named(existing, &kafka.kafka_topic_orders);
    let retries = named(existing, &kafka.kafka_topic_orders_retry);
    let checked = events.zip(retries).map_or(Ok(()), |(source, it)| it.check_companion_of(source));
    checked.map_err(TopicsError::Retry)
}

fn named<'a>(existing: &'a [TopicInfo], name: &TopicName) -> Option<&'a TopicInfo> {
    existing.iter().find(|topic| topic.name == *name)
}

/// Topics that are to be kept for ever, and are not, as far as the cluster shows.
fn kept_too_short<'a>(existing: &[TopicInfo], wanted: &'a [NewTopic]) -> Vec<&'a TopicName> {
    let lose = |topic: &&TopicInfo| matches!(topic.retention, Some(Retention::For(_)));
    let losing: Vec<_> = existing.iter().filter(lose).map(|topic| &topic.name).collect();
    let for_ever = wanted.iter().filter(|topic| topic.retention == Some(Retention::Forever));
    for_ever.map(|topic| &topic.name).filter(|name| losing.contains(name)).collect()
}

#[cfg(test)]
mod tests;

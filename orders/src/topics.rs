//! The topics of the system, and making sure that they exist.

use tidegate::broker::{AdminError, Broker, BrokerError, NewTopic, Retention, TopicInfo};
use tidegate::message::TopicName;

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

/// What is needed: `orders`, `orders_dlq`, `orders_audit`, by their configured names. What operators did is kept for ever.
#[must_use]
pub fn wanted(config: &Config) -> Vec<NewTopic> {
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

/// What a process cannot do without.
#[must_use]
pub fn needed(config: &Config, process: Process) -> Vec<TopicName> {
    let (events, letters) =
        (config.kafka.kafka_topic_orders.clone(), config.kafka.kafka_topic_orders_dlq.clone());
    match process {
        Process::Up { .. } => vec![events, letters, audit()],
        Process::Producer => vec![events],
        Process::Consumer => vec![events, letters],
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
/// The first topic that can neither be made nor found.
pub async fn ensure(broker: &Broker, wanted: Vec<NewTopic>) -> Result<Vec<Ensured>, AdminError> {
    let names: Vec<_> = wanted.iter().map(|topic| topic.name.clone()).collect();
    let mut created = Vec::new();
    for (name, result) in names.iter().zip(broker.create_topics(wanted.clone()).await) {
        match result {
            Ok(()) => created.push(name.clone()),
            Err(AdminError::TopicExists(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let (found, missing) = find(broker, &names).await?;
    if let Some(name) = missing.into_iter().next() {
        return Err(BrokerError::UnknownTopic(name).into());
    }
    for name in kept_too_short(&broker.topics().await?, &wanted) {
        tracing::warn!(
            topic = name.as_str(),
            "not kept for ever, and should be: set retention.ms=-1"
        );
    }
    let made = |topic: Ensured| Ensured { created: created.contains(&topic.name), ..topic };
    Ok(found.into_iter().map(made).collect())
}

/// Topics that are to be kept for ever, and are not, as far as the cluster shows.
fn kept_too_short<'a>(existing: &[TopicInfo], wanted: &'a [NewTopic]) -> Vec<&'a TopicName> {
    let lose = |topic: &&TopicInfo| matches!(topic.retention, Some(Retention::For(_)));
    let losing: Vec<_> = existing.iter().filter(lose).map(|topic| &topic.name).collect();
    let for_ever = wanted.iter().filter(|topic| topic.retention == Some(Retention::Forever));
    for_ever.map(|topic| &topic.name).filter(|name| losing.contains(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        config: Config,
    }

    fn config(args: &[&str]) -> Config {
        Program::parse_from([&["orders"], args].concat()).config
    }

    #[tokio::test]
    async fn what_is_missing_is_made_and_what_exists_stays_as_it_is() {
        let broker = Broker::in_memory();
        let shown = async |config: Config| {
            let ensured = ensure(&broker, wanted(&config)).await.unwrap();
            let row = |topic: &Ensured| (topic.name.to_string(), topic.partitions, topic.created);
            ensured.iter().map(row).collect::<Vec<_>>()
        };
        let row = |name: &str, partitions, created| (name.to_owned(), partitions, created);
        assert_eq!(
            shown(config(&[])).await,
            [row("orders", 3, true), row("orders_dlq", 3, true), row("orders_audit", 1, true)]
        );
        let more = config(&["--kafka-topic-partitions=5", "--kafka-topic-orders-dlq=letters"]);
        assert_eq!(
            shown(more).await,
            [row("orders", 3, false), row("letters", 5, true), row("orders_audit", 1, false)]
        );
        assert_eq!(broker.topics().await.unwrap().len(), 4, "no others are made");
    }

    #[test]
    fn what_operators_did_is_kept_for_ever_and_the_rest_as_the_cluster_does() {
        let kept = wanted(&config(&[])).into_iter().map(|topic| topic.retention);
        assert_eq!(kept.collect::<Vec<_>>(), [None, None, Some(Retention::Forever)]);
    }

    #[tokio::test]
    async fn an_audit_that_is_kept_for_a_time_only_is_told() {
        let (broker, wanted) = (Broker::in_memory(), wanted(&config(&[])));
        let hour = Retention::For(std::time::Duration::from_secs(3600));
        broker.create_topics(vec![NewTopic::new(audit(), 1).kept(hour)]).await;
        ensure(&broker, wanted.clone()).await.unwrap();
        let existing = broker.topics().await.unwrap();
        assert_eq!(kept_too_short(&existing, &wanted), [&audit()], "and it is left as it is");
    }

    #[tokio::test]
    async fn each_process_looks_for_the_topics_that_it_uses() {
        let (broker, config) = (Broker::in_memory(), config(&[]));
        let mut wanted = wanted(&config);
        assert_eq!(wanted.pop().unwrap().name, audit());
        ensure(&broker, wanted).await.unwrap();
        let missing = async |process| {
            let found = find(&broker, &needed(&config, process)).await.unwrap();
            found.1.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(missing(Process::Producer).await, [""; 0]);
        assert_eq!(missing(Process::Consumer).await, [""; 0]);
        assert_eq!(missing(Process::Replay).await, ["orders_audit"]);
    }
}

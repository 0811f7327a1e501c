//! Making sure that the topics exist, on the log in memory.

use super::*;
use clap::Parser;
use tidegate::broker::Cleanup;

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
        let ensured = ensure(&broker, &config).await.unwrap();
        let row = |topic: &Ensured| (topic.name.to_string(), topic.partitions, topic.created);
        ensured.iter().map(row).collect::<Vec<_>>()
    };
    let row = |name: &str, partitions, created| (name.to_owned(), partitions, created);
    assert_eq!(
        shown(config(&[])).await,
        [
            row("orders", 3, true),
            row("orders_retry", 3, true),
            row("orders_dlq", 3, true),
            row("orders_audit", 1, true)
        ]
    );
    let more = config(&["--kafka-topic-partitions=5", "--kafka-topic-orders-dlq=letters"]);
    assert_eq!(
        shown(more).await,
        [
            row("orders", 3, false),
            row("orders_retry", 3, false),
            row("letters", 5, true),
            row("orders_audit", 1, false)
        ]
    );
    assert_eq!(broker.topics().await.unwrap().len(), 5, "no others are made");
}

/// A topic of events that somebody has made by hand, for more and larger records.
async fn by_hand() -> Broker {
    let (broker, name) = (Broker::in_memory(), TopicName::new("orders").unwrap());
    let large = NewTopic { max_message_bytes: Some(5_000_000), ..NewTopic::new(name, 7) };
    assert_eq!(broker.create_topics(vec![large]).await, [Ok(())]);
    broker
}

#[tokio::test]
async fn rule_5_the_retry_topic_is_made_as_its_source_stands() {
    let broker = by_hand().await;
    ensure(&broker, &config(&[])).await.unwrap();
    let existing = broker.topics().await.unwrap();
    let made = named(&existing, &TopicName::new("orders_retry").unwrap()).unwrap();
    let (partitions, limit, cleanup) = (made.partitions, made.max_message_bytes, made.cleanup);
    assert_eq!((partitions, limit, cleanup), (7, 5_065_536, Some(Cleanup::Compact)));
}

#[tokio::test]
async fn a_retry_topic_that_loses_what_waits_is_refused_with_the_remedy() {
    let broker = by_hand().await;
    let deletes = NewTopic {
        max_message_bytes: Some(6_000_000),
        ..NewTopic::new(TopicName::new("orders_retry").unwrap(), 7)
    };
    assert_eq!(broker.create_topics(vec![deletes]).await, [Ok(())]);
    let refused = ensure(&broker, &config(&[])).await.unwrap_err().to_string();
    for part in ["orders_retry", "cleanup policy `delete`", "set the companion's `cleanup.policy`"]
    {
        assert!(refused.contains(part), "{refused}");
    }
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
    ensure(&broker, &config(&[])).await.unwrap();
    let existing = broker.topics().await.unwrap();
    assert_eq!(kept_too_short(&existing, &wanted), [&audit()], "and it is left as it is");
}

#[tokio::test]
async fn each_process_looks_for_the_topics_that_it_uses() {
    let (broker, config) = (Broker::in_memory(), config(&[]));
    let made = create(&broker, wanted(&config)).await.unwrap();
    assert_eq!(made.len(), 3);
    let missing = async |process| {
        let found = find(&broker, &needed(&config, process)).await.unwrap();
        found.1.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(missing(Process::Producer).await, [""; 0]);
    assert_eq!(missing(Process::Replay).await, [""; 0]);
    assert_eq!(missing(Process::Consumer).await, ["orders_retry"]);
    assert_eq!(missing(Process::Up { forgetful: false }).await, ["orders_retry"]);
}

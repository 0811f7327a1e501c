//! Conditions with a deadline, and short words for what every test does.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use test_servers::LocalKafka;
use tidegate::broker::kafka::KafkaOptions;
use tidegate::broker::{
    Broker, CommitEntry, Committed, Consumer, FetchLimit, GroupEvent, NewTopic, Subscription,
};
use tidegate::message::{NewRecord, Offset, Partition, Record, TopicName, TopicPartition};

/// How long a condition may take. A passing run never waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Heartbeats are what tells a member of a rebalance: the sooner, the shorter the run.
pub(crate) fn options(address: &str) -> KafkaOptions {
    KafkaOptions::new(address).property("heartbeat.interval.ms", "200").unwrap()
}

pub(crate) fn connect(address: &str) -> Broker {
    Broker::kafka(options(address)).unwrap()
}

/// A broker that no test hurts.
pub(crate) fn shared() -> (&'static LocalKafka, Broker) {
    // A start blocks; other tasks of this test go on.
    let kafka = tokio::task::block_in_place(LocalKafka::shared);
    (kafka, connect(kafka.address()))
}

pub(crate) fn name(topic: &str) -> TopicName {
    TopicName::new(topic).unwrap()
}

pub(crate) fn place(topic: &str, partition: u32) -> TopicPartition {
    TopicPartition::new(name(topic), Partition(partition))
}

/// Creates a topic with a copy on each of so many brokers.
pub(crate) async fn create_copied(broker: &Broker, topic: &str, partitions: u32, copies: u16) {
    let topic = NewTopic { replication: copies, ..NewTopic::new(name(topic), partitions) };
    broker.create_topics(vec![topic]).await.remove(0).unwrap();
}

pub(crate) async fn create(broker: &Broker, topic: &str, partitions: u32) {
    create_copied(broker, topic, partitions, 1).await;
}

/// Asks until the answer is yes.
///
/// # Panics
/// When it is not, for too long.
pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Runs what blocks; other tasks of this test go on.
pub(crate) fn blocking<T>(call: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(call)
}

/// How many times a test hurts its broker.
pub(crate) fn rounds() -> u32 {
    std::env::var("KAFKA_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap())
}

/// Publishes, and expects every acknowledgement.
pub(crate) async fn publish(broker: &Broker, records: Vec<NewRecord>) {
    let acks = broker.publish(records).await;
    assert!(acks.iter().all(Result::is_ok), "{acks:?}");
}

/// Everything that can be read of a partition.
pub(crate) async fn all(broker: &Broker, partition: &TopicPartition) -> Vec<Record> {
    let bounds = broker.watermarks(partition.clone()).await.unwrap();
    let (mut from, mut records) = (bounds.start, Vec::new());
    while from < bounds.end {
        let limit = FetchLimit::default();
        let read = broker.fetch(partition.clone(), from, limit).await.unwrap();
        from = read.next;
        records.extend(read.records);
    }
    records
}

/// Waits until the group has nothing left to read of the topic.
pub(crate) async fn caught_up(broker: &Broker, group: &str, topic: &str) {
    let lag = async || broker.lag(group.to_owned(), name(topic)).await;
    let behind = async || lag().await.map(|rows| rows.iter().map(|row| row.lag).sum::<u64>());
    until(&format!("{group} is at the end of {topic}"), async || behind().await == Ok(0)).await;
}

/// What the group committed for a partition.
pub(crate) async fn committed(
    broker: &Broker,
    group: &str,
    partition: &TopicPartition,
) -> Option<Committed> {
    let all = broker.committed(group.to_owned()).await.unwrap();
    all.into_iter().find(|(at, _)| at == partition).map(|(_, committed)| committed)
}

pub(crate) fn subscription(group: &str, topic: &str) -> Subscription {
    Subscription {
        session_timeout: Duration::from_secs(10),
        ..Subscription::new(group, vec![name(topic)])
    }
}

/// A member that has been given all of these, and reads them from what was committed, or from the start.
pub(crate) async fn member(broker: &Broker, how: Subscription, count: usize) -> Box<dyn Consumer> {
    let mut member = broker.subscribe(how).await.unwrap();
    let mut owned = Vec::with_capacity(count);
    while owned.len() < count {
        match next(member.as_mut()).await {
            GroupEvent::Assigned(assigned) => owned.extend(assigned),
            other => panic!("{other:?}"),
        }
    }
    // Not as they come: records of the first would come before the last is given.
    for one in &owned {
        let from = one.committed.as_ref().map_or(one.watermarks.start, |c| c.offset);
        member.start(&one.partition, from);
    }
    member
}

/// The next event, in time.
pub(crate) async fn next(member: &mut dyn Consumer) -> GroupEvent {
    tokio::time::timeout(PATIENCE, member.poll()).await.expect("an event in time")
}

/// The next so many records, whatever partition they are in.
pub(crate) async fn read(member: &mut dyn Consumer, count: usize) -> Vec<Record> {
    let mut all = Vec::new();
    while all.len() < count {
        match next(member).await {
            GroupEvent::Records { records, .. } => all.extend(records),
            other => panic!("not records: {other:?}"),
        }
    }
    all
}

pub(crate) async fn commit(member: &mut dyn Consumer, partition: &TopicPartition, offset: u64) {
    let committed = Committed { offset: Offset(offset), metadata: String::new() };
    let entry = CommitEntry { partition: partition.clone(), committed };
    member.commit(vec![entry]).await.remove(0).unwrap();
}

/// Settings of a client that is not ours.
pub(crate) fn plain(address: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", address);
    config
}

/// Runs a program, and expects success.
pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    output
}

/// A program of `scripts/`.
pub(crate) fn script(name: &str) -> Command {
    Command::new(format!("{}/../../scripts/{name}", env!("CARGO_MANIFEST_DIR")))
}

/// One line that a person can use.
pub(crate) fn assert_one_line(line: &str, parts: &[&str]) {
    assert!(!line.contains('\n'), "more than one line: {line}");
    for part in parts {
        assert!(line.contains(part), "{part:?} is missing in: {line}");
    }
}

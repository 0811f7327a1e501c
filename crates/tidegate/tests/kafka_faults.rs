//! Faults that no real Kafka shows on demand, on librdkafka's mock of a cluster.

#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr as Code};
use tidegate::broker::kafka::KafkaOptions;
use tidegate::broker::{
    Broker, CommitEntry, CommitError, Committed, Consumer, FetchLimit, GroupEvent, Subscription,
};
use tidegate::message::{Offset, Partition, TopicName, TopicPartition};

/// How long anything may take. A passing run never waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a broker does not answer: longer than any test.
const SILENCE: Duration = Duration::from_secs(600);

type Mock = MockCluster<'static, DefaultProducerContext>;

fn place(number: u32) -> TopicPartition {
    TopicPartition::new(TopicName::new("t").unwrap(), Partition(number))
}

/// A cluster with one topic.
fn cluster(partitions: i32) -> (Mock, Broker) {
    let mock = MockCluster::new(1).unwrap();
    mock.create_topic("t", partitions, 1).unwrap();
    let options = KafkaOptions::new(mock.bootstrap_servers());
    (mock, Broker::kafka(options).unwrap())
}

async fn join(broker: &Broker) -> Box<dyn Consumer> {
    // The mock lets every rebalance but the first take as long as a session.
    let session_timeout = Duration::from_secs(6);
    let how = Subscription { session_timeout, ..Subscription::new("g", vec![place(0).topic]) };
    broker.subscribe(how).await.unwrap()
}

/// Polls until it was told of so many partitions.
async fn assigned(member: &mut Box<dyn Consumer>, count: usize) -> BTreeSet<TopicPartition> {
    let mut told = BTreeSet::new();
    while told.len() < count {
        match tokio::time::timeout(PATIENCE, member.poll()).await.expect("an assignment") {
            GroupEvent::Assigned(new) => told.extend(new.into_iter().map(|a| a.partition)),
            other => panic!("{other:?}"),
        }
    }
    told
}

/// I7, fault F4: what cannot be asked of one partition keeps no other one waiting.
#[tokio::test(flavor = "multi_thread")]
async fn a_partition_without_a_leader_holds_up_only_itself() {
    let (mock, broker) = cluster(3);
    mock.partition_leader("t", 0, None).unwrap();
    let mut member = join(&broker).await;
    assert_eq!(assigned(&mut member, 2).await, BTreeSet::from([place(1), place(2)]));
    mock.partition_leader("t", 0, Some(1)).unwrap();
    assert_eq!(assigned(&mut member, 1).await, BTreeSet::from([place(0)]));
    member.close().await;
    broker.close().await;
}

/// fault F3, rule 16: whoever gives up waiting can end. A commit without an answer blocks its thread for a whole session;
/// the runtime must not wait for that when it is dropped.
#[test]
fn a_commit_without_an_answer_does_not_keep_the_program_from_ending() {
    let (runtime, other) =
        (tokio::runtime::Runtime::new().unwrap(), tokio::runtime::Runtime::new());
    let other = other.unwrap();
    let (mock, broker) = cluster(1);
    let mut committing = None;
    runtime.block_on(async {
        let mut member = join(&broker).await;
        assigned(&mut member, 1).await;
        // The connection stays: a broker that is down may be noticed before the commit is sent, and then it fails at once.
        mock.broker_round_trip_time(1, SILENCE).unwrap();
        let committed = Committed { offset: Offset(0), metadata: String::new() };
        let commit = member.commit(vec![CommitEntry { partition: place(0), committed }]);
        committing = Some(other.spawn(commit));
        let closed = tokio::time::timeout(Duration::from_millis(500), member.close()).await;
        assert!(closed.is_err(), "the commit blocks");
    });
    drop(runtime);
    assert!(!committing.unwrap().is_finished(), "the runtime waited for the commit");
    other.shutdown_background();
}

async fn commit(member: &mut Box<dyn Consumer>, offset: u64) -> Result<(), CommitError> {
    let committed = Committed { offset: Offset(offset), metadata: String::new() };
    let entry = CommitEntry { partition: place(0), committed };
    let commit = member.commit(vec![entry]);
    tokio::time::timeout(PATIENCE, commit).await.expect("an answer").remove(0)
}

/// fault F5: what passes is not told; what does not, by its name, and the member goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_coordinator_that_refuses_a_commit_costs_no_more_than_that() {
    let (mock, broker) = cluster(1);
    let mut member = join(&broker).await;
    assigned(&mut member, 1).await;
    let next = |errors: &[Code]| mock.request_errors(RDKafkaApiKey::OffsetCommit, errors);
    next(&[Code::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS]);
    assert_eq!(commit(&mut member, 0).await, Ok(()));
    next(&[Code::RD_KAFKA_RESP_ERR_NOT_COORDINATOR]);
    assert_eq!(commit(&mut member, 0).await, Ok(()));
    next(&[Code::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS]);
    assert_eq!(commit(&mut member, 0).await, Err(CommitError::RebalanceInProgress));
    assert_eq!(commit(&mut member, 0).await, Ok(()));
    // What a group of the newer protocol answers between two heartbeats; the client does not try it again.
    next(&[Code::RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH]);
    assert_eq!(commit(&mut member, 0).await, Err(CommitError::StaleGeneration));
    assert_eq!(commit(&mut member, 0).await, Ok(()));
    next(&[Code::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION]);
    assert_eq!(commit(&mut member, 0).await, Err(CommitError::StaleGeneration));
    let told = tokio::time::timeout(PATIENCE, member.poll()).await.expect("the loss");
    assert!(matches!(&told, GroupEvent::Lost(lost) if *lost == [place(0)]), "{told:?}");
    assert_eq!(assigned(&mut member, 1).await, BTreeSet::from([place(0)]));
    assert_eq!(commit(&mut member, 0).await, Ok(()));
    member.close().await;
    broker.close().await;
}

/// A build without one of them would never get past such a batch.
#[tokio::test(flavor = "multi_thread")]
async fn batches_are_read_however_they_are_compressed() {
    let (mock, broker) = cluster(1);
    let values: Vec<String> =
        (0..100).map(|n| format!("{n}: {}", "again and ".repeat(50))).collect();
    for (round, codec) in ["gzip", "snappy", "lz4", "zstd"].into_iter().enumerate() {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", mock.bootstrap_servers()).set("linger.ms", "50");
        let producer: BaseProducer = config.set("compression.codec", codec).create().unwrap();
        for value in &values {
            producer.send(BaseRecord::<(), _>::to("t").partition(0).payload(value)).unwrap();
        }
        producer.flush(PATIENCE).unwrap();
        let (mut read, from) = (Vec::new(), Offset((round * values.len()) as u64));
        let mut next = from;
        while read.len() < values.len() {
            let fetch = broker.fetch(place(0), next, FetchLimit::default());
            let fetched = tokio::time::timeout(PATIENCE, fetch).await.expect(codec).expect(codec);
            next = fetched.next;
            read.extend(fetched.records.into_iter().filter_map(|record| record.value));
        }
        assert!(read.iter().eq(values.iter().map(String::as_bytes)), "{codec}");
    }
    broker.close().await;
}

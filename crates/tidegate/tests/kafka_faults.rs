//! Faults that no real Kafka shows on demand, on librdkafka's mock of a cluster.

#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use tidegate::broker::kafka::KafkaOptions;
use tidegate::broker::{Broker, CommitEntry, Committed, Consumer, GroupEvent, Subscription};
use tidegate::message::{Offset, Partition, TopicName, TopicPartition};

/// How long anything may take. A passing run never waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

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
    let how = Subscription::new("g", vec![place(0).topic]);
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
    let commit = runtime.block_on(async {
        let mut member = join(&broker).await;
        assigned(&mut member, 1).await;
        mock.broker_down(1).unwrap();
        let committed = Committed { offset: Offset(0), metadata: String::new() };
        let commit =
            other.spawn(member.commit(vec![CommitEntry { partition: place(0), committed }]));
        let closed = tokio::time::timeout(Duration::from_millis(500), member.close()).await;
        assert!(closed.is_err(), "the commit blocks");
        commit
    });
    drop(runtime);
    assert!(!commit.is_finished(), "the runtime waited for the commit");
    other.shutdown_background();
}

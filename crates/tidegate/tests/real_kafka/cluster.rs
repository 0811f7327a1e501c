//! Three nodes, of which one dies: nothing acknowledged is lost, and everything goes on by itself (faults F4, F5).

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use test_servers::LocalKafka;
use tidegate::broker::Broker;
use tidegate::message::{NewRecord, Offset, TopicPartition};
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::notes::{Feed, Notes, Running, numbered};
use crate::support::{
    PATIENCE, blocking, caught_up, connect, create_copied, name, plain, publish, rounds, until,
};

/// The cluster, for one test at a time: each of them kills a node, and starts it again.
pub(crate) async fn three_nodes() -> MutexGuard<'static, LocalKafka> {
    static THREE: OnceLock<Mutex<LocalKafka>> = OnceLock::new();
    blocking(|| THREE.get_or_init(|| Mutex::new(LocalKafka::cluster(3)))).lock().await
}

/// The node that leads a topic's first partition.
pub(crate) fn leader(kafka: &LocalKafka, topic: &str) -> u16 {
    let client: BaseConsumer = plain(kafka.address()).create().unwrap();
    let metadata = client.fetch_metadata(Some(topic), PATIENCE).unwrap();
    u16::try_from(metadata.topics()[0].partitions()[0].leader()).unwrap()
}

/// Watches that no committed offset moves back (I10).
struct Watch {
    stop: CancellationToken,
    life: JoinSet<BTreeMap<TopicPartition, Offset>>,
}

impl Watch {
    fn start(broker: &Broker, group: &str) -> Self {
        let (stop, mut life) = (CancellationToken::new(), JoinSet::new());
        life.spawn(watch(broker.clone(), group.to_owned(), stop.clone()));
        Self { stop, life }
    }

    /// The highest that was seen.
    async fn end(mut self) -> BTreeMap<TopicPartition, Offset> {
        self.stop.cancel();
        self.life.join_next().await.unwrap().unwrap()
    }
}

async fn watch(
    broker: Broker,
    group: String,
    stop: CancellationToken,
) -> BTreeMap<TopicPartition, Offset> {
    let mut highest = BTreeMap::new();
    while !stop.is_cancelled() {
        // While there is no coordinator there is no answer.
        for (partition, now) in broker.committed(group.clone()).await.unwrap_or_default() {
            let before = highest.insert(partition.clone(), now.offset);
            let back = before.is_some_and(|before| before > now.offset);
            assert!(!back, "{partition} went back from {before:?} to {}", now.offset);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    highest
}

/// Events flow while the node dies that leads this topic, and when it is back; then all is there once, in order.
async fn flows_on_without_its_leader(topic: &str, led: &str) {
    let kafka = three_nodes().await;
    let (broker, notes) = (connect(kafka.address()), Arc::new(Notes::new().await));
    create_copied(&broker, topic, 3, 3).await;
    let service = Running::start(notes.service(&broker, topic, topic));
    let (feed, watch) = (Feed::start(&broker, topic, &notes), Watch::start(&broker, topic));
    notes.reach(200).await;
    for _ in 0..rounds() {
        let node = blocking(|| leader(&kafka, led));
        blocking(|| kafka.node(node).kill());
        notes.reach(notes.count().await + 400).await;
        until("another leads", async || blocking(|| leader(&kafka, led)) != node).await;
        blocking(|| kafka.node(node).start_again());
        notes.reach(notes.count().await + 200).await;
    }
    let count = feed.end().await;
    notes.reach(count).await;
    caught_up(&broker, topic, topic).await;
    let highest = watch.end().await;
    assert!(!highest.is_empty());
    service.stop().await;
    notes.assert_each_once_in_order(count).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f4_the_leader_of_a_partition_is_killed_and_events_flow_on() {
    flows_on_without_its_leader("led", "led").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f5_the_coordinator_of_the_group_is_killed_and_no_commit_moves_back() {
    // The offsets of all groups are in the one partition of this topic: who leads it coordinates.
    flows_on_without_its_leader("coordinated", "__consumer_offsets").await;
}

/// Its dead-letter topic has as many copies as the cluster wants: with one, nothing could be written where two must be in
/// sync, and the record would wait for ever.
#[tokio::test(flavor = "multi_thread")]
async fn topics_that_a_service_creates_can_be_written_where_two_copies_must_be_in_sync() {
    let kafka = three_nodes().await;
    let (broker, notes) = (connect(kafka.address()), Notes::new().await);
    let service = Running::start(notes.service(&broker, "copied", "copied"));
    until("it has begun", async || service.owned() > 0).await;
    publish(&broker, vec![NewRecord::new(name("copied")).value("garbage"), numbered("copied", 0)])
        .await;
    notes.reach(1).await;
    caught_up(&broker, "copied", "copied").await;
    assert_eq!(service.health.snapshot().outcomes.dead, 1);
    service.stop().await;
}

//! One broker that ends and comes back while events flow (fault F4, moments b, c, f).

use std::sync::Arc;
use std::time::Duration;

use test_servers::LocalKafka;

use crate::notes::{Feed, Notes, Running, numbered};
use crate::support::{
    blocking, caught_up, committed, connect, create, place, publish, rounds, until,
};

const GROUP: &str = "notes";
const TOPIC: &str = "numbers";

/// Events flow before, meanwhile and after; then everything is there once, in order, and committed.
async fn flows_through(hurt: impl Fn(&LocalKafka)) {
    let kafka = blocking(LocalKafka::start);
    let (broker, notes) = (connect(kafka.address()), Arc::new(Notes::new().await));
    create(&broker, TOPIC, 3).await;
    let service = Running::start(notes.service(&broker, GROUP, TOPIC));
    let feed = Feed::start(&broker, TOPIC, &notes);
    notes.reach(300).await;
    for _ in 0..rounds() {
        blocking(|| hurt(&kafka));
        notes.reach(notes.count().await + 300).await;
    }
    let count = feed.end().await;
    notes.reach(count).await;
    caught_up(&broker, GROUP, TOPIC).await;
    assert!(service.health.readiness().is_ready(), "{:?}", service.health.readiness());
    service.stop().await;
    notes.assert_each_once_in_order(count).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f4_a_killed_broker_comes_back_and_nothing_is_lost_or_repeated() {
    flows_through(|kafka| {
        kafka.kill();
        kafka.start_again();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f4_a_broker_is_restarted_in_order_and_nothing_is_lost_or_repeated() {
    flows_through(|kafka| {
        kafka.stop_gently();
        kafka.start_again();
    })
    .await;
}

/// Moment f: the effects are durable, the service dies before it has told, and then so does the broker.
#[tokio::test(flavor = "multi_thread")]
async fn f4_what_was_marked_and_not_committed_is_a_duplicate_after_both_died() {
    let kafka = blocking(LocalKafka::start);
    let (broker, notes) = (connect(kafka.address()), Notes::new().await);
    create(&broker, TOPIC, 1).await;
    publish(&broker, (0..50).map(|n| numbered(TOPIC, n)).collect()).await;
    let never = Duration::from_secs(3_600);
    let first = notes.service(&broker, GROUP, TOPIC).commit_interval(never);
    let first = Running::start(first);
    notes.reach(50).await;
    assert_eq!(committed(&broker, GROUP, &place(TOPIC, 0)).await.map(|c| c.offset.0), Some(0));
    first.crash().await;
    blocking(|| {
        kafka.kill();
        kafka.start_again();
    });
    let second = Running::start(notes.service(&broker, GROUP, TOPIC));
    until("all came again", async || second.health.snapshot().outcomes.duplicate == 50).await;
    caught_up(&broker, GROUP, TOPIC).await;
    second.stop().await;
    notes.assert_each_once_in_order(50).await;
}

//! A topic that is deleted under its reader, and made anew.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use tidegate::broker::Broker;
use tidegate::events::RuntimeEvent;
use tidegate::health::{CheckName, Health};

use crate::notes::{Notes, Running, numbered};
use crate::support::{
    caught_up, committed, connect, create, name, place, plain, publish, shared, until,
};

/// Within so long of its cause a check fails, and is all right again.
const CONTRACT: Duration = Duration::from_secs(5);

async fn delete(address: &str, topic: &str) {
    let admin: AdminClient<DefaultClientContext> = plain(address).create().unwrap();
    let deleted = admin.delete_topics(&[topic], &AdminOptions::new()).await.unwrap();
    assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
}

/// Creates it again as soon as the cluster lets go of the old one.
async fn create_again(broker: &Broker, topic: &str, partitions: u32) {
    let new = || {
        vec![tidegate::broker::NewTopic {
            replication: 1,
            ..tidegate::broker::NewTopic::new(name(topic), partitions)
        }]
    };
    until("made anew", async || broker.create_topics(new()).await[0].is_ok()).await;
}

async fn within_contract(health: &Health, what: &str, is: impl Fn(&Health) -> bool) {
    let deadline = Instant::now() + CONTRACT;
    while !is(health) {
        let readiness = health.readiness();
        assert!(Instant::now() < deadline, "not within {CONTRACT:?}: {what}: {readiness:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What was told of topics.
type Told = Arc<Mutex<Vec<RuntimeEvent>>>;

fn running(notes: &Notes, broker: &Broker, topic: &str) -> (Running, Told) {
    let told = Told::default();
    let hears = told.clone();
    let service = notes.service(broker, topic, topic).observe(move |event| {
        if matches!(event, RuntimeEvent::TopicGone { .. } | RuntimeEvent::TopicBack { .. }) {
            hears.lock().unwrap().push(event.clone());
        }
    });
    (Running::start(service), told)
}

/// Rules 7 and 17: it is told, and what comes of the new one is read from its beginning: all of it, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn rule_17_a_deleted_topic_is_not_ready_and_a_new_one_is_read_from_its_start() {
    let (kafka, broker) = shared();
    let (notes, topic) = (Notes::new().await, "deleted");
    create(&broker, topic, 2).await;
    publish(&broker, (0..50).map(|n| numbered(topic, n)).collect()).await;
    let (service, told) = running(&notes, &broker, topic);
    notes.reach(50).await;
    caught_up(&broker, topic, topic).await;

    delete(kafka.address(), topic).await;
    let gone = |health: &Health| health.readiness().failing().any(|c| c == CheckName::Topic);
    within_contract(&service.health, "topic", gone).await;
    let why = format!("topic {topic} is not there any more");
    assert!(service.health.readiness().reasons().any(|reason| reason == why));

    create_again(&broker, topic, 2).await;
    within_contract(&service.health, "there again", |health| !gone(health)).await;
    let broker = connect(kafka.address()); // one that knows nothing of the old one
    publish(&broker, (50..60).map(|n| numbered(topic, n)).collect()).await;
    notes.reach(60).await;
    until("ready again", async || service.health.readiness().is_ready()).await;
    notes.assert_each_once_in_order(60).await;
    let (gone, back) = (
        RuntimeEvent::TopicGone { topic: name(topic) },
        RuntimeEvent::TopicBack { topic: name(topic), anew: true },
    );
    assert_eq!(*told.lock().unwrap(), [gone, back]);
    service.stop().await;
}

/// Nobody can have seen that it was away. The old position lies in the middle of what is new: nothing of that is left out.
/// The order is not kept in the second before it is noticed: the member has read on where it stood (docs/health.md).
#[tokio::test(flavor = "multi_thread")]
async fn rule_7_a_topic_that_is_replaced_at_once_is_no_continuation() {
    let (kafka, broker) = shared();
    let (notes, topic) = (Notes::new().await, "replaced");
    create(&broker, topic, 1).await;
    publish(&broker, (0..20).map(|n| numbered(topic, n)).collect()).await;
    let (service, told) = running(&notes, &broker, topic);
    notes.reach(20).await;
    caught_up(&broker, topic, topic).await;
    assert_eq!(committed(&broker, topic, &place(topic, 0)).await.unwrap().offset.0, 20);

    delete(kafka.address(), topic).await;
    create_again(&broker, topic, 1).await;
    let broker = connect(kafka.address()); // one that knows nothing of the old one
    publish(&broker, (20..60).map(|n| numbered(topic, n)).collect()).await;
    let back = RuntimeEvent::TopicBack { topic: name(topic), anew: true };
    until("told", async || told.lock().unwrap().contains(&back)).await;
    notes.reach(60).await;
    until("ready again", async || service.health.readiness().is_ready()).await;
    caught_up(&broker, topic, topic).await;
    notes.assert_each_once(60).await;
    service.stop().await;
}

//! Each way to share out partitions: two members share, and hand over without a loss or a repetition.

use std::collections::BTreeSet;
use std::sync::Arc;

use tidegate::broker::kafka::{Assignor, GroupProtocol, KafkaOptions};
use tidegate::broker::{Assignment, Broker, Consumer, GroupEvent};
use tidegate::message::{NewRecord, TopicPartition};

use crate::notes::{Feed, Notes, Running};
use crate::support::{
    caught_up, create, name, next, options, publish, read, shared, subscription, until,
};

const PARTITIONS: u32 = 4;

/// One member has all; a second comes and shares; the first goes, and the second has all. Events flow all the time.
async fn share_and_hand_over(topic: &'static str, how: impl Fn(&str) -> KafkaOptions) {
    let (kafka, admin) = shared();
    create(&admin, topic, PARTITIONS).await;
    let notes = Arc::new(Notes::new().await);
    let member = |which: &str| {
        let broker = Broker::kafka(how(kafka.address()).client_id(which));
        Running::start(notes.service(&broker.unwrap(), topic, topic))
    };
    let first = member("first");
    let feed = Feed::start(&admin, topic, &notes);
    until("the first has all", async || first.owned() == 4).await;
    notes.reach(100).await;
    let second = member("second");
    until("they share", async || first.owned() == 2 && second.owned() == 2).await;
    notes.reach(notes.count().await + 100).await;
    let seen = first.health.clone();
    first.stop().await;
    until("the second has all", async || second.owned() == 4).await;
    notes.reach(notes.count().await + 100).await;
    let count = feed.end().await;
    notes.reach(count).await;
    caught_up(&admin, topic, topic).await;
    let attempts: u64 =
        [&seen, &second.health].map(|health| health.snapshot().attempts).iter().sum();
    second.stop().await;
    notes.assert_each_once_in_order(count).await;
    assert_eq!(attempts, u64::from(count), "a clean hand-over runs nothing twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn cooperative_sticky_shares_and_hands_over() {
    share_and_hand_over("sticky", options).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn round_robin_shares_and_hands_over() {
    share_and_hand_over("round-robin", |a| options(a).assignor(Assignor::RoundRobin)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn range_shares_and_hands_over() {
    share_and_hand_over("range", |a| options(a).assignor(Assignor::Range)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kip_848_shares_and_hands_over() {
    // Its heartbeats are the broker's business.
    let options = |a: &str| KafkaOptions::new(a).group_protocol(GroupProtocol::Consumer);
    share_and_hand_over("kip-848", options).await;
}

type Owned = BTreeSet<TopicPartition>;

/// Gives back what is asked back, and starts what is given, until it owns so many partitions.
pub(crate) async fn owns(member: &mut dyn Consumer, owned: &mut Owned, count: usize) {
    while owned.len() != count {
        match next(member).await {
            GroupEvent::Assigned(new) => {
                for Assignment { partition, watermarks, .. } in new {
                    member.start(&partition, watermarks.start);
                    owned.insert(partition);
                }
            }
            GroupEvent::Revoking { partitions, ticket, .. } => {
                owned.retain(|partition| !partitions.contains(partition));
                member.revoked(ticket);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_member_that_comes_back_in_time_has_its_partitions_and_the_other_hears_nothing() {
    let (kafka, admin) = shared();
    let topic = "static";
    create(&admin, topic, 2).await;
    let join = async |instance: &str| {
        let broker = Broker::kafka(options(kafka.address()).instance_id(instance)).unwrap();
        broker.subscribe(subscription(topic, topic)).await.unwrap()
    };
    let (mut staying, mut mine) = (join("staying").await, Owned::new());
    owns(staying.as_mut(), &mut mine, 2).await;
    let (mut going, mut its) = (join("going").await, Owned::new());
    tokio::join!(owns(staying.as_mut(), &mut mine, 1), owns(going.as_mut(), &mut its, 1));
    going.close().await;
    let (mut back, mut again) = (join("going").await, Owned::new());
    tokio::select! {
        biased;
        event = staying.poll() => panic!("the other hears of it: {event:?}"),
        () = owns(back.as_mut(), &mut again, 1) => {}
    }
    assert_eq!(again, its);
    for partition in [&mine, &its].map(|one| one.first().unwrap().partition) {
        publish(&admin, vec![NewRecord::new(name(topic)).partition(partition).value("on")]).await;
    }
    assert_eq!(read(staying.as_mut(), 1).await.len(), 1, "the first that it hears");
    assert_eq!(read(back.as_mut(), 1).await.len(), 1);
    tokio::join!(staying.close(), back.close());
}

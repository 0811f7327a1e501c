//! Leaving a group: whoever has closed a member finds it gone, so that others need not wait for its session to end.

use std::collections::BTreeSet;

use tidegate::broker::Broker;
use tidegate::broker::kafka::{Assignor, KafkaOptions};

use crate::protocols::owns;
use crate::support::{create, options, shared, subscription};

/// Stopping many takes the client longer: it must not be closed over that.
const PARTITIONS: u32 = 24;
const ROUNDS: usize = 5;

/// Joins, owns everything, closes, and asks the cluster at once.
async fn closed_members_have_left(topic: &str, options: KafkaOptions) {
    let (_, admin) = shared();
    create(&admin, topic, PARTITIONS).await;
    let broker = Broker::kafka(options).unwrap();
    for round in 0..ROUNDS {
        let group = format!("{topic}-{round}");
        let mut member = broker.subscribe(subscription(&group, topic)).await.unwrap();
        owns(member.as_mut(), &mut BTreeSet::new(), PARTITIONS as usize).await;
        member.close().await;
        let groups = admin.groups().await.unwrap();
        let left = groups.into_iter().find(|listed| listed.name == group);
        assert_eq!(left.map(|group| group.members), Some(Vec::new()), "round {round}");
    }
}

/// Regression: told to unsubscribe and then closed, the client forgot to leave in 3 of 100 cases.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_closes_has_left() {
    let (kafka, _) = shared();
    closed_members_have_left("closes", options(kafka.address())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_an_eager_group_that_closes_has_left() {
    let (kafka, _) = shared();
    let options = options(kafka.address()).assignor(Assignor::Range);
    closed_members_have_left("closes-eagerly", options).await;
}

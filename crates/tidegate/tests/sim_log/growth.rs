//! A topic that gets more partitions while members read it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::rig::{Rig, SECOND, SOON, settle, topic};

#[tokio::test(start_paused = true)]
async fn members_hear_of_new_partitions_after_a_while_and_read_them_from_their_beginning() {
    let rig = Rig::new(2).await;
    let mut members = rig.group::<2>().await;
    rig.log.grow(&topic(), 2, SECOND);
    rig.publish(0, 3, "a").await.unwrap();
    settle(&mut members).await;
    assert!(members.iter().all(|member| member.seen.is_empty()), "nobody has heard of it");
    for member in &mut members {
        member.turns(2 * SECOND).await;
    }
    settle(&mut members).await;
    let owned: BTreeSet<u32> = members.iter().flat_map(|member| member.owned.clone()).collect();
    assert_eq!(owned, BTreeSet::from([0, 1, 2, 3]));
    let values: Vec<_> = members.iter().flat_map(|member| member.values.clone()).collect();
    assert_eq!(values, ["a"]);
    assert!(members.iter().all(|m| m.seen.iter().all(|seen| seen.starts_with("assigned"))));
}

#[tokio::test(start_paused = true)]
async fn who_joins_sees_new_partitions_at_once() {
    let rig = Rig::new(2).await;
    let [mut first] = rig.group().await;
    rig.log.grow(&topic(), 2, 1_000 * SECOND);
    let mut second = rig.join(2).await;
    first.turns(SOON).await;
    second.turns(SOON).await;
    first.turns(SOON).await;
    assert!(second.owned.is_superset(&BTreeSet::from([2, 3])), "{:?}", second.owned);
    assert!(first.owned.is_disjoint(&BTreeSet::from([2, 3])), "{:?}", first.owned);
}

/// Keys go by the count of the moment: what was written before stays where it is.
#[tokio::test(start_paused = true)]
async fn a_growth_of_a_topic_that_nobody_has_changes_nothing() {
    let rig = Rig::new(2).await;
    let other = tidegate::message::TopicName::new("nobody").unwrap();
    rig.log.grow(&other, 2, Duration::ZERO);
    assert!(rig.publish(0, 2, "a").await.is_err());
}

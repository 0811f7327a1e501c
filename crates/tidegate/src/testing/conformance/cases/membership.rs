//! Who owns which partitions, when members come and go.

use std::collections::BTreeSet;
use std::time::Duration;

use super::prelude::*;
use crate::broker::{BrokerError, CommitError, Subscription};
use crate::testing::conformance::drive::{poll_for, until, until_shared};
use crate::testing::conformance::member::Member;

/// No partition has two owners, and none is without.
fn disjoint(members: &[&Member], partitions: &[TopicPartition]) -> Outcome {
    let mut owned: Vec<_> = members.iter().flat_map(|m| m.owned.keys().cloned()).collect();
    owned.sort();
    ensure_eq!(owned, partitions.to_vec(), "what the members own together");
    Ok(())
}

/// Two members split the partitions evenly; when one leaves, the other gets all back, at its commits.
pub(in super::super) async fn two_members_split_and_split_again(lab: Lab<'_>) -> Outcome {
    let partitions = lab.partitions(4).await?;
    let (group, topic) = (lab.group(), &partitions[0].topic);
    let mut a = lab.member(&group, topic).await?;
    a.until_owns(4).await?;
    for _ in 0..2 {
        let mut b = lab.member(&group, topic).await?;
        until_shared(&mut [&mut a, &mut b], 4, 2).await?;
        disjoint(&[&a, &b], &partitions)?;
        b.close().await?;
        a.until_owns(4).await?;
    }
    ensure!(a.lost.is_empty(), "partitions were lost in an orderly rebalance: {:?}", a.lost);
    Ok(())
}

/// A third member gets its share.
pub(in super::super) async fn a_third_member_gets_a_share(lab: Lab<'_>) -> Outcome {
    let partitions = lab.partitions(6).await?;
    let (group, topic) = (lab.group(), &partitions[0].topic);
    let mut a = lab.member(&group, topic).await?;
    let mut b = lab.member(&group, topic).await?;
    until_shared(&mut [&mut a, &mut b], 6, 3).await?;
    let mut c = lab.member(&group, topic).await?;
    until_shared(&mut [&mut a, &mut b, &mut c], 6, 2).await?;
    disjoint(&[&a, &b, &c], &partitions)
}

/// With more members than partitions one waits, and takes over when an owner leaves.
pub(in super::super) async fn a_member_too_many_waits_its_turn(lab: Lab<'_>) -> Outcome {
    let partitions = lab.partitions(2).await?;
    let (group, topic) = (lab.group(), &partitions[0].topic);
    let mut a = lab.member(&group, topic).await?;
    let mut b = lab.member(&group, topic).await?;
    let mut c = lab.member(&group, topic).await?;
    let mut all = [&mut a, &mut b, &mut c];
    let joining = until_listed(&lab, &group, &mut all);
    lab.within("three members in the group's listing", joining).await??;
    until_shared(&mut [&mut a, &mut b, &mut c], 2, 0).await?;
    disjoint(&[&a, &b, &c], &partitions)?;
    a.close().await?;
    until_shared(&mut [&mut b, &mut c], 2, 1).await?;
    disjoint(&[&b, &c], &partitions)
}

/// Polls the members until the group's listing has all of them.
async fn until_listed(lab: &Lab<'_>, group: &str, members: &mut [&mut Member]) -> Outcome {
    loop {
        let groups = lab.broker.groups().await?;
        let listed = groups.iter().find(|g| g.name == group).map_or(0, |g| g.members.len());
        if listed == members.len() {
            return Ok(());
        }
        poll_for(members, Duration::from_millis(5)).await?;
    }
}

/// A group may read several topics.
pub(in super::super) async fn a_member_may_read_two_topics(lab: Lab<'_>) -> Outcome {
    let (p, q) = (lab.partition().await?, lab.partition().await?);
    lab.fill(&p, 0..5).await?;
    lab.fill(&q, 5..10).await?;
    let mut member = lab.join(lab.subscription(&lab.group(), &[&p.topic, &q.topic])).await?;
    let both = |m: &Member| m.count(&p) == 5 && m.count(&q) == 5;
    member.until("the records of both topics", both).await?;
    ensure_eq!(member.values(&p), numbers(0..5), "what came of the first");
    ensure_eq!(member.values(&q), numbers(5..10), "what came of the second");
    Ok(())
}

/// Members of one group may read different topics: each owns only what it asked for.
pub(in super::super) async fn members_own_only_what_they_asked_for(lab: Lab<'_>) -> Outcome {
    let (first, second) = (lab.partitions(2).await?, lab.partitions(2).await?);
    let group = lab.group();
    let mut a = lab.member(&group, &first[0].topic).await?;
    let mut b = lab.member(&group, &second[0].topic).await?;
    until_shared(&mut [&mut a, &mut b], 4, 2).await?;
    disjoint(&[&a], &first)?;
    disjoint(&[&b], &second)
}

/// A topic that does not exist is refused by name; nobody joined.
pub(in super::super) async fn joining_for_an_unknown_topic_is_refused(lab: Lab<'_>) -> Outcome {
    let (topic, missing) = (lab.topic(1).await?, lab.fresh_topic_name()?);
    let group = lab.group();
    let joined = lab.broker.subscribe(lab.subscription(&group, &[&topic, &missing])).await;
    let refusal = joined.err().ok_or_else(|| Failed::new("the member joined"))?;
    ensure_eq!(refusal, BrokerError::UnknownTopic(missing), "the refusal");
    let listed = lab.broker.groups().await?.iter().any(|g| g.name == group);
    ensure!(!listed, "the group has come into being");
    Ok(())
}

/// A drain deadline of half the poll interval or more is refused (rule 11).
pub(in super::super) async fn a_drain_deadline_must_fit(lab: Lab<'_>) -> Outcome {
    let topic = lab.topic(1).await?;
    let good = lab.subscription(&lab.group(), &[&topic]);
    let bad = Subscription { drain_deadline: good.max_poll_interval / 2, ..good };
    let refusal = lab.broker.subscribe(bad).await.err();
    ensure_matches!(refusal, Some(BrokerError::Config(_)), "the answer to a long drain deadline");
    Ok(())
}

/// A member that has left commits nothing.
pub(in super::super) async fn a_member_that_left_cannot_commit(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..5).await?;
    let group = lab.group();
    let mut member = lab.member(&group, &p.topic).await?;
    member.until_count(&p, 5).await?;
    member.commit(&p, 2, "").await??;
    lab.within("leaving", member.consumer.close()).await?;
    ensure_eq!(member.commit(&p, 5, "").await?, Err(CommitError::Closed), "the late commit");
    ensure_eq!(lab.committed(&group, &p).await?, Some((2, String::new())), "what is committed");
    Ok(())
}

/// A dropped member is a crashed one: its partitions move, to be read from its commits.
pub(in super::super) async fn a_dropped_members_partitions_move(lab: Lab<'_>) -> Outcome {
    let partitions = lab.partitions(2).await?;
    for p in &partitions {
        lab.fill(p, 0..6).await?;
    }
    let (group, topic) = (lab.group(), &partitions[0].topic);
    let session_timeout = lab.harness.short_times().session_timeout;
    let mortal = Subscription { session_timeout, ..lab.subscription(&group, &[topic]) };
    let mut a = lab.join(mortal).await?;
    let mut b = lab.member(&group, topic).await?;
    let reads = |m: &Member| partitions.iter().any(|p| m.count(p) == 6);
    until(&mut [&mut a, &mut b], "both reading", |m| m.iter().all(|m| reads(m))).await?;
    until_shared(&mut [&mut a, &mut b], 2, 1).await?;
    let own: BTreeSet<_> = a.owned.keys().cloned().collect();
    for p in &own {
        a.commit(p, 4, "").await??;
    }
    drop(a);
    let all_read = |m: &Member| own.iter().all(|p| m.values(p).ends_with(&numbers(4..6)));
    b.until("the crashed member's records", |m| m.owned.len() == 2 && all_read(m)).await
}

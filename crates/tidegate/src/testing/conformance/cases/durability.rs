//! What was acknowledged survives a crash. These cases restart the broker, so each runs alone.

use super::prelude::*;
use crate::broker::{
    AdminError, BrokerError, CommitError, FetchLimit, NewTopic, PublishError, Subscription,
};

/// Records that were acknowledged are there after a crash, and the next one follows them.
pub(in super::super) async fn acknowledged_means_durable(mut lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..100).await?;
    lab.publish(vec![numbered(&p, 100).key("k").header("h", "v")]).await?;
    let before = lab.read(&p, 0).await?;
    lab.publish(vec![numbered(&p, 101)]).await?;
    lab.reopen().await;
    let after = lab.read(&p, 0).await?;
    ensure_eq!(values(&after), numbers(0..102), "what was read after the crash");
    ensure!(after[..101] == before[..], "a record came back changed");
    let next = lab.fill(&p, 102..103).await?;
    ensure!(next[0].offset > after[101].offset, "an offset was given a second time");
    Ok(())
}

/// A commit that was confirmed is there after a crash, with its metadata.
pub(in super::super) async fn a_commit_is_durable(mut lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..10).await?;
    let group = lab.group();
    // It dies with the broker, and nobody says so to the group.
    let session_timeout = lab.harness.short_times().session_timeout;
    let mortal = Subscription { session_timeout, ..lab.subscription(&group, &[&p.topic]) };
    let mut member = lab.join(mortal).await?;
    member.until_owns(1).await?;
    member.commit(&p, 4, "early").await??;
    member.commit(&p, 7, "kept").await??;
    lab.reopen().await;
    let committed = lab.committed(&group, &p).await?;
    ensure_eq!(committed, Some((7, "kept".into())), "the commit after the crash");
    drop(member);
    let mut next = lab.member(&group, &p.topic).await?;
    next.until_values(&p, 7..10).await?;
    Ok(())
}

/// Topics keep their partitions and limits.
pub(in super::super) async fn topics_are_durable(mut lab: Lab<'_>) -> Outcome {
    let name = lab.fresh_topic_name()?;
    let max_message_bytes = Some(2_000);
    lab.create(NewTopic { max_message_bytes, ..NewTopic::new(name.clone(), 5) }).await?;
    let describe = async |lab: &Lab<'_>| -> Outcome<_> {
        Ok(lab.broker.topics().await?.into_iter().find(|t| t.name == name))
    };
    let before = describe(&lab).await?;
    lab.reopen().await;
    ensure!(before.is_some(), "the new topic was not listed");
    ensure_eq!(describe(&lab).await?, before, "the topic after the crash");
    Ok(())
}

/// Deleted records stay deleted, and their offsets stay used, also when nothing is left.
pub(in super::super) async fn deleted_stays_deleted(mut lab: Lab<'_>) -> Outcome {
    let some = lab.partition().await?;
    let all = lab.partition().await?;
    for p in [&some, &all] {
        lab.fill(p, 0..10).await?;
    }
    lab.broker.delete_records(some.clone(), Offset(4)).await?;
    lab.broker.delete_records(all.clone(), Offset(10)).await?;
    lab.reopen().await;
    ensure_eq!(values(&lab.read(&some, 4).await?), numbers(4..10), "what was kept");
    let deleted = lab.broker.fetch(some.clone(), Offset(3), FetchLimit::default()).await;
    ensure_matches!(deleted, Err(BrokerError::OutOfRange { .. }), "a read of deleted records");
    let placed = lab.fill(&all, 10..11).await?;
    ensure_eq!(placed[0].offset, Offset(10), "the next offset where all was deleted");
    Ok(())
}

/// The cluster id names the data, not the run.
pub(in super::super) async fn cluster_id_is_kept(mut lab: Lab<'_>) -> Outcome {
    let before = lab.broker.cluster_id().await?;
    ensure!(!before.is_empty(), "the cluster id is empty");
    lab.reopen().await;
    ensure_eq!(lab.broker.cluster_id().await?, before, "the cluster id after the crash");
    Ok(())
}

/// What was queued is written before `close` ends; afterwards every call says `Closed`, and none hangs.
pub(in super::super) async fn a_closed_broker_says_so(mut lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let group = lab.group();
    let mut member = lab.member(&group, &p.topic).await?;
    member.until_owns(1).await?;
    let queued = lab.broker.publish((0..50).map(|n| numbered(&p, n)).collect());
    lab.within("closing", lab.broker.close()).await?;
    let acks = lab.within("the acknowledgements", queued).await?;
    ensure!(acks.iter().all(Result::is_ok), "a queued record was not written: {acks:?}");
    let commit = member.commit(&p, 1, "").await?;
    ensure_eq!(commit, Err(CommitError::Closed), "commit");
    every_call_is_refused(&lab, &p).await?;
    lab.reopen().await;
    ensure_eq!(values(&lab.read(&p, 0).await?), numbers(0..50), "what was read after it");
    Ok(())
}

async fn every_call_is_refused(lab: &Lab<'_>, p: &TopicPartition) -> Outcome {
    let closed = BrokerError::Closed;
    let broker = &lab.broker;
    let acks = lab.try_publish(vec![numbered(p, 9)]).await?;
    ensure_eq!(acks, vec![Err(PublishError::Closed)], "publish");
    let fetched = lab.within("fetch", broker.fetch(p.clone(), Offset(0), FetchLimit::default()));
    ensure_matches!(fetched.await?, Err(BrokerError::Closed), "fetch");
    let joined = broker.subscribe(lab.subscription(&lab.group(), &[&p.topic])).await;
    ensure!(matches!(joined, Err(BrokerError::Closed)), "subscribe did not say Closed");
    ensure_eq!(broker.watermarks(p.clone()).await, Err(closed.clone()), "watermarks");
    ensure_eq!(broker.topics().await, Err(closed.clone()), "topics");
    ensure_eq!(broker.groups().await, Err(closed.clone()), "groups");
    ensure_eq!(broker.health().await, Err(closed.clone()), "health");
    let created = broker.create_topics(vec![NewTopic::new(lab.fresh_topic_name()?, 1)]).await;
    ensure_eq!(created, vec![Err(AdminError::Broker(closed.clone()))], "create_topics");
    let deleted = broker.delete_records(p.clone(), Offset(1)).await;
    ensure_eq!(deleted, Err(AdminError::Broker(closed)), "delete_records");
    Ok(())
}

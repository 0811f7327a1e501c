//! Pause stops delivery and keeps what was fetched; resume goes on there (rule 14).

use super::prelude::*;
use crate::broker::Subscription;
use crate::testing::conformance::drive::{poll_for, until, until_shared};
use crate::testing::conformance::member::Member;

/// A member with two partitions that takes five records at a time.
async fn reader(lab: &Lab<'_>) -> Outcome<(Member, TopicPartition, TopicPartition)> {
    let mut partitions = lab.partitions(2).await?.into_iter();
    let (Some(p), Some(q)) = (partitions.next(), partitions.next()) else {
        return Err(Failed::new("two partitions were asked for"));
    };
    lab.fill(&p, 0..60).await?;
    let plain = lab.subscription(&lab.group(), &[&p.topic]);
    let member = lab.join(Subscription { max_poll_records: 5, ..plain }).await?;
    Ok((member, p, q))
}

/// Nothing twice, nothing left out, however much had been fetched when the pause began.
pub(in super::super) async fn pause_and_resume_keep_what_is_buffered(lab: Lab<'_>) -> Outcome {
    let (mut member, p, q) = reader(&lab).await?;
    member.until_count(&p, 5).await?;
    member.pause(&p);
    let before = member.count(&p);
    lab.fill(&p, 60..70).await?;
    for n in 0..10 {
        lab.fill(&q, n..n + 1).await?;
        member.until_count(&q, n as usize + 1).await?;
    }
    ensure_eq!(member.count(&p), before, "records of what was paused");
    member.resume(&p);
    member.until_values(&p, 0..70).await?;
    Ok(())
}

/// A paused partition does not hold up its neighbour.
pub(in super::super) async fn a_pause_leaves_others_flowing(lab: Lab<'_>) -> Outcome {
    let (mut member, p, q) = reader(&lab).await?;
    member.until_owns(2).await?;
    member.pause(&p);
    for n in 0..10 {
        lab.fill(&q, n..n + 1).await?;
        member.until_count(&q, n as usize + 1).await?;
    }
    ensure_eq!(member.values(&q), numbers(0..10), "what flowed");
    Ok(())
}

/// Pausing and resuming after every batch, twice for good measure, changes nothing in what comes.
pub(in super::super) async fn pausing_often_loses_nothing(lab: Lab<'_>) -> Outcome {
    let (mut member, p, q) = reader(&lab).await?;
    member.until_owns(2).await?;
    for n in 0..12 {
        let before = member.count(&p);
        member.until_count(&p, before + 1).await?;
        member.pause(&p);
        member.pause(&p);
        lab.fill(&q, n..n + 1).await?;
        member.until_count(&q, n as usize + 1).await?;
        member.resume(&p);
        member.resume(&p);
    }
    member.until_values(&p, 0..60).await?;
    Ok(())
}

/// A start ends a pause.
pub(in super::super) async fn a_start_ends_a_pause(lab: Lab<'_>) -> Outcome {
    let (mut member, p, _) = reader(&lab).await?;
    member.until_count(&p, 5).await?;
    member.pause(&p);
    member.got.clear();
    member.start(&p, 30);
    member.until_values(&p, 30..60).await?;
    Ok(())
}

/// A member that is paused and polls keeps its membership, however long the pause.
pub(in super::super) async fn a_paused_member_keeps_its_place(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..5).await?;
    let group = lab.group();
    let times = lab.harness.short_times();
    let mut member = lab
        .join(Subscription {
            max_poll_interval: times.max_poll_interval,
            drain_deadline: times.drain_deadline,
            session_timeout: times.session_timeout,
            ..lab.subscription(&group, &[&p.topic])
        })
        .await?
        .started_by_hand();
    member.until_owns(1).await?;
    member.start(&p, 0);
    member.pause(&p);
    poll_for(&mut [&mut member], times.max_poll_interval * 5 / 4).await?;
    ensure!(member.owns(&p), "a paused member that polled was put out");
    member.commit(&p, 0, "still here").await??;
    member.resume(&p);
    member.until_values(&p, 0..5).await?;
    Ok(())
}

/// A rebalance does not end the pause of what is retained.
pub(in super::super) async fn a_pause_outlives_a_rebalance(lab: Lab<'_>) -> Outcome {
    let partitions = lab.partitions(4).await?;
    let (group, topic) = (lab.group(), &partitions[0].topic);
    let mut a = lab.member(&group, topic).await?;
    a.until_owns(4).await?;
    partitions.iter().for_each(|p| a.pause(p));
    let mut b = lab.member(&group, topic).await?;
    until_shared(&mut [&mut a, &mut b], 4, 2).await?;
    for p in &partitions {
        lab.fill(p, 0..5).await?;
    }
    let moved = |m: &[&mut Member]| m[1].owned.keys().all(|p| m[1].count(p) == 5);
    until(&mut [&mut a, &mut b], "the records of what moved", moved).await?;
    let retained: Vec<_> = a.owned.keys().cloned().collect();
    retained.iter().for_each(|p| a.resume(p));
    b.close().await?;
    a.until("everything", |m| partitions.iter().all(|p| m.count(p) == 5)).await
}

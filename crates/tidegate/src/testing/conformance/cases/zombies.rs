//! Members that are too late: what they owned is someone else's, and stays so.

use super::prelude::*;
use crate::broker::{CommitError, Subscription};
use crate::testing::conformance::drive::until;
use crate::testing::conformance::member::{Member, entry};

/// Two partitions that hold `0..6`, and a group.
async fn ground(lab: &Lab<'_>) -> Outcome<(Vec<TopicPartition>, String)> {
    let partitions = lab.partitions(2).await?;
    for p in &partitions {
        lab.fill(p, 0..6).await?;
    }
    Ok((partitions, lab.group()))
}

/// A member that has all records and has committed 1, and never answers a revoke by itself.
async fn owner(lab: &Lab<'_>, how: Subscription, partitions: &[TopicPartition]) -> Outcome<Member> {
    let mut member = lab.join(how).await?.answering_by_hand();
    let has_all = |m: &Member| partitions.iter().all(|p| m.count(p) == 6);
    member.until("all records", has_all).await?;
    // In one call: who is slow to poll has no time for two.
    let first = partitions.iter().map(|p| entry(p, 1, "first")).collect();
    let answers = member.commit_all(first).await?;
    ensure!(answers.iter().all(Result::is_ok), "the first commit was refused: {answers:?}");
    Ok(member)
}

/// Drains in no time, but polls like anyone else.
fn slow_to_answer(lab: &Lab<'_>, group: &str, partitions: &[TopicPartition]) -> Subscription {
    let drain_deadline = lab.harness.short_times().drain_deadline;
    Subscription { drain_deadline, ..lab.subscription(group, &[&partitions[0].topic]) }
}

/// Is put out as soon as it stops polling.
fn slow_to_poll(lab: &Lab<'_>, group: &str, partitions: &[TopicPartition]) -> Subscription {
    let times = lab.harness.short_times();
    Subscription {
        session_timeout: times.session_timeout,
        max_poll_interval: times.max_poll_interval,
        ..slow_to_answer(lab, group, partitions)
    }
}

/// The group keeps what it had: the member is refused, with a reason that is a refusal.
async fn is_refused(
    lab: &Lab<'_>,
    group: &str,
    zombie: &mut Member,
    p: &TopicPartition,
) -> Outcome {
    let before = lab.committed(group, p).await?;
    let answer = zombie.commit(p, 6, "too late").await?;
    ensure_matches!(
        answer,
        Err(CommitError::StaleGeneration | CommitError::NotOwned(_)),
        "the answer to a commit of {p}, which is lost"
    );
    ensure_eq!(lab.committed(group, p).await?, before, "the commit of {p}");
    Ok(())
}

/// A revoke without an answer ends in `Lost`: the partitions go to the other, retained ones stay.
pub(in super::super) async fn an_unanswered_revoke_is_lost(lab: Lab<'_>) -> Outcome {
    let (partitions, group) = ground(&lab).await?;
    let mut a = owner(&lab, slow_to_answer(&lab, &group, &partitions), &partitions).await?;
    let mut b = lab.member(&group, &partitions[0].topic).await?;
    let moved = |m: &[&mut Member]| m[0].lost.len() == 1 && m[1].owned.len() == 1;
    until(&mut [&mut a, &mut b], "the loss of one partition", moved).await?;
    ensure_eq!(a.owned.len(), 1, "partitions that were retained");
    let lost = b.owned.keys().next().cloned().ok_or_else(|| Failed::new("nothing moved"))?;
    ensure!(a.lost.contains(&lost), "{lost} moved and was not lost");
    until(&mut [&mut a, &mut b], "its records", |m| m[1].count(&lost) == 5).await?;
    ensure_eq!(b.values(&lost), numbers(1..6), "what the new owner got");
    Ok(())
}

/// What is lost is never committed by who lost it, whoever owns it and whatever was committed since.
pub(in super::super) async fn lost_never_commits(lab: Lab<'_>) -> Outcome {
    let (partitions, group) = ground(&lab).await?;
    let mut a = owner(&lab, slow_to_answer(&lab, &group, &partitions), &partitions).await?;
    let mut b = lab.member(&group, &partitions[0].topic).await?;
    let moved = |m: &[&mut Member]| m[0].lost.len() == 1 && m[1].owned.len() == 1;
    until(&mut [&mut a, &mut b], "the loss of one partition", moved).await?;
    let lost = b.owned.keys().next().cloned().ok_or_else(|| Failed::new("nothing moved"))?;
    is_refused(&lab, &group, &mut a, &lost).await?;
    b.commit(&lost, 3, "new").await??;
    is_refused(&lab, &group, &mut a, &lost).await?;
    ensure_eq!(lab.committed(&group, &lost).await?, Some((3, "new".into())), "the commit");
    Ok(())
}

/// An answer that comes after `Lost` changes nothing; above all it does not give away a later grant.
pub(in super::super) async fn a_late_answer_is_harmless(lab: Lab<'_>) -> Outcome {
    let (partitions, group) = ground(&lab).await?;
    let mut a = owner(&lab, slow_to_answer(&lab, &group, &partitions), &partitions).await?;
    let mut b = lab.member(&group, &partitions[0].topic).await?;
    until(&mut [&mut a, &mut b], "a revoke", |m| m[0].revoke.is_some()).await?;
    let ticket = a.revoke.as_ref().map(|r| r.ticket);
    let ticket = ticket.ok_or_else(|| Failed::new("the revoke is gone"))?;
    let moved = |m: &[&mut Member]| m[0].lost.len() == 1 && m[1].owned.len() == 1;
    until(&mut [&mut a, &mut b], "the loss of one partition", moved).await?;
    a.consumer.revoked(ticket);
    b.close().await?;
    a.until_owns(2).await?;
    a.consumer.revoked(ticket);
    for p in &partitions {
        lab.fill(p, 6..8).await?;
        a.until(&format!("new records of {p}"), |m| m.values(p).ends_with(&numbers(6..8))).await?;
        a.commit(p, 8, "again").await??;
    }
    Ok(())
}

/// A member that does not poll is put out: others take over from its commits.
pub(in super::super) async fn a_member_that_does_not_poll_is_put_out(lab: Lab<'_>) -> Outcome {
    let (partitions, group) = ground(&lab).await?;
    let mut a = owner(&lab, slow_to_poll(&lab, &group, &partitions), &partitions).await?;
    let mut b = lab.member(&group, &partitions[0].topic).await?;
    let has_all = |m: &Member| partitions.iter().all(|p| m.count(p) == 5);
    b.until("all records from the commits on", has_all).await?;
    for p in &partitions {
        ensure_eq!(b.values(p), numbers(1..6), "what the new owner got of {p}");
    }
    let all_lost = |m: &Member| m.lost.len() == 2 && m.owned.is_empty();
    a.until("the loss of all partitions", all_lost).await
}

/// A member of an older generation that does not know it yet is refused like one that does.
pub(in super::super) async fn an_older_generation_cannot_commit(lab: Lab<'_>) -> Outcome {
    let (partitions, group) = ground(&lab).await?;
    let mut a = owner(&lab, slow_to_poll(&lab, &group, &partitions), &partitions).await?;
    let mut b = lab.member(&group, &partitions[0].topic).await?;
    b.until_owns(2).await?;
    for p in &partitions {
        is_refused(&lab, &group, &mut a, p).await?;
        b.commit(p, 4, "second").await??;
        is_refused(&lab, &group, &mut a, p).await?;
    }
    b.close().await?;
    is_refused(&lab, &group, &mut a, &partitions[0]).await
}

/// A member that was put out joins again by polling, and begins where the others have committed.
pub(in super::super) async fn a_member_that_was_put_out_may_return(lab: Lab<'_>) -> Outcome {
    let (partitions, group) = ground(&lab).await?;
    let mut a = owner(&lab, slow_to_poll(&lab, &group, &partitions), &partitions).await?;
    let mut b = lab.member(&group, &partitions[0].topic).await?;
    b.until_owns(2).await?;
    for p in &partitions {
        b.commit(p, 4, "second").await??;
    }
    b.close().await?;
    a.until("the loss of all partitions", |m| m.lost.len() == 2 && m.owned.is_empty()).await?;
    a.until_owns(2).await?;
    for p in &partitions {
        let told = a.owned.get(p).and_then(|assignment| assignment.committed.clone());
        ensure_eq!(told.map(|t| t.offset.0), Some(4), "where it begins in {p}");
        a.until_count(p, 8).await?;
        ensure_eq!(a.values(p)[6..].to_vec(), numbers(4..6), "what it got of {p}");
        a.commit(p, 6, "third").await??;
    }
    Ok(())
}

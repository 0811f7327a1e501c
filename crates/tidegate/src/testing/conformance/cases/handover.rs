//! A partition goes from one member to another: drained, committed, given back, and only then taken over.

use std::collections::BTreeMap;

use super::prelude::*;
use crate::message::Record;
use crate::testing::conformance::drive::{until, until_shared};
use crate::testing::conformance::member::Member;

/// A member that owns four partitions, and a newcomer for whose sake some of them are being revoked.
struct Handover {
    group: String,
    a: Member,
    b: Member,
    revoked: Vec<TopicPartition>,
    retained: Vec<TopicPartition>,
}

impl Handover {
    /// Each partition holds `0..10` and the old owner has them all; the revoke is open.
    async fn begin(lab: &Lab<'_>) -> Outcome<Self> {
        let partitions = lab.partitions(4).await?;
        for p in &partitions {
            lab.fill(p, 0..10).await?;
        }
        let (group, topic) = (lab.group(), &partitions[0].topic);
        let mut a = lab.member(&group, topic).await?.answering_by_hand();
        let has_all = |m: &Member| partitions.iter().all(|p| m.count(p) == 10);
        a.until("all records", has_all).await?;
        let mut b = lab.member(&group, topic).await?;
        let revoked = revoke_of(&mut a, &mut b).await?;
        let retained: Vec<_> = a.owned.keys().filter(|p| !revoked.contains(p)).cloned().collect();
        ensure!(!revoked.is_empty() && !retained.is_empty(), "of four, {revoked:?} were revoked");
        Ok(Self { group, a, b, revoked, retained })
    }
}

/// Waits for a revoke of the first member; gives what is revoked.
async fn revoke_of(a: &mut Member, b: &mut Member) -> Outcome<Vec<TopicPartition>> {
    until(&mut [a, b], "a revoke", |m| m[0].revoke.is_some()).await?;
    let partitions = a.revoke.as_ref().map(|revoke| revoke.partitions.clone());
    partitions.ok_or_else(|| Failed::new("the revoke is gone"))
}

/// Cooperative: what is not revoked stays as it is. While a revoke is open it can be committed, and may or may not
/// deliver what is new; when the revoke is answered it delivers, without a new start.
pub(in super::super) async fn retained_partitions_keep_delivering(lab: Lab<'_>) -> Outcome {
    let Handover { group, mut a, mut b, revoked, retained } = Handover::begin(&lab).await?;
    for p in &retained {
        lab.fill(p, 10..15).await?;
        a.commit(p, 10, "retained").await??;
        ensure_eq!(lab.committed(&group, p).await?, Some((10, "retained".into())), "the commit");
    }
    ensure!(a.revoke.is_some(), "the revoke ended without an answer");
    ensure!(!revoked.iter().any(|p| b.owns(p)), "the new owner did not wait for the answer");
    a.answer()?;
    let flows = |m: &[&mut Member]| retained.iter().all(|p| m[0].count(p) == 15);
    until(&mut [&mut a, &mut b], "records after the revoke", flows).await?;
    until_shared(&mut [&mut a, &mut b], 4, 1).await?;
    for p in &retained {
        ensure!(a.owns(p), "{p} moved although it was not revoked");
        lab.fill(p, 15..20).await?;
    }
    let flows = |m: &[&mut Member]| retained.iter().all(|p| m[0].count(p) == 20);
    until(&mut [&mut a, &mut b], "records after the rebalance", flows).await?;
    for p in &retained {
        ensure_eq!(a.values(p), numbers(0..20), "what came of {p}");
    }
    Ok(())
}

/// What was committed before the answer is where the next owner begins: nothing is left out, nothing repeated.
pub(in super::super) async fn revoke_drains_then_commits(lab: Lab<'_>) -> Outcome {
    let Handover { group, mut a, mut b, revoked, .. } = Handover::begin(&lab).await?;
    let within = a.revoke.as_ref().map(|r| r.within).unwrap_or_default();
    ensure!(!within.is_zero(), "there is no time to drain");
    for p in &revoked {
        lab.fill(p, 10..12).await?;
        a.commit(p, 6, "drained").await??;
    }
    a.answer()?;
    until_shared(&mut [&mut a, &mut b], 4, 1).await?;
    for p in &revoked {
        ensure_eq!(lab.committed(&group, p).await?, Some((6, "drained".into())), "the commit");
        let assigned = b.owned.get(p).and_then(|assignment| assignment.committed.clone());
        let assigned = assigned.map(|c| (c.offset.0, c.metadata));
        ensure_eq!(assigned, Some((6, "drained".into())), "what the new owner was told of {p}");
        until(&mut [&mut a, &mut b], "the rest", |m| m[1].count(p) == 6).await?;
        ensure_eq!(b.values(p), numbers(6..12), "what the new owner got of {p}");
        ensure_eq!(a.count(p), 10, "records that the old owner got of {p}");
    }
    Ok(())
}

/// Once given back, a partition is not the old owner's to commit.
pub(in super::super) async fn what_was_given_back_cannot_be_committed(lab: Lab<'_>) -> Outcome {
    let Handover { group, mut a, mut b, revoked, retained } = Handover::begin(&lab).await?;
    for p in &revoked {
        a.commit(p, 3, "mine").await??;
    }
    a.answer()?;
    until_shared(&mut [&mut a, &mut b], 4, 1).await?;
    for p in &revoked {
        let late = a.commit(p, 10, "late").await?;
        ensure!(late.is_err(), "a commit of {p} was accepted after it was given back");
        ensure_eq!(lab.committed(&group, p).await?, Some((3, "mine".into())), "the commit");
        b.commit(p, 5, "new").await??;
    }
    for p in &retained {
        a.commit(p, 10, "").await??;
    }
    Ok(())
}

/// An answer with the ticket of an earlier revoke does not answer the present one.
pub(in super::super) async fn an_old_ticket_answers_nothing(lab: Lab<'_>) -> Outcome {
    let Handover { group, mut a, mut b, .. } = Handover::begin(&lab).await?;
    let old = a.answer()?;
    until_shared(&mut [&mut a, &mut b], 4, 1).await?;
    b.close().await?;
    a.until_owns(4).await?;
    let topic = a.owned.keys().next().map(|p| p.topic.clone());
    let topic = topic.ok_or_else(|| Failed::new("nothing is owned"))?;
    let mut c = lab.member(&group, &topic).await?;
    let revoked = revoke_of(&mut a, &mut c).await?;
    ensure!(a.revoke.as_ref().is_some_and(|r| r.ticket != old), "a ticket was used twice");
    a.consumer.revoked(old);
    for p in &revoked {
        a.commit(p, 8, "in time").await??;
    }
    a.answer()?;
    until_shared(&mut [&mut a, &mut c], 4, 1).await?;
    for p in &revoked {
        let told = c.owned.get(p).and_then(|assignment| assignment.committed.clone());
        ensure_eq!(told.map(|t| t.offset.0), Some(8), "what the new owner was told of {p}");
    }
    Ok(())
}

/// Everything that came of each partition, whoever had it.
#[derive(Default)]
struct Came(BTreeMap<TopicPartition, Vec<Record>>);

impl Came {
    /// The member commits what it has of these partitions, and hands in the records.
    async fn settle(&mut self, member: &mut Member, partitions: &[TopicPartition]) -> Outcome {
        for (p, records) in member.settle(partitions).await? {
            self.0.entry(p).or_default().extend(records);
        }
        Ok(())
    }

    fn count(&self, partition: &TopicPartition) -> usize {
        self.0.get(partition).map_or(0, Vec::len)
    }

    /// A second member joins, takes over what it is given, and leaves again.
    async fn visit(&mut self, lab: &Lab<'_>, group: &str, host: &mut Member) -> Outcome {
        let topic = host.owned.keys().next().map(|p| p.topic.clone());
        let topic = topic.ok_or_else(|| Failed::new("the host owns nothing"))?;
        let mut guest = lab.member(group, &topic).await?;
        let revoked = revoke_of(host, &mut guest).await?;
        self.settle(host, &revoked).await?;
        host.answer()?;
        until_shared(&mut [host, &mut guest], 4, 1).await?;
        let taken: Vec<_> = guest.owned.keys().cloned().collect();
        self.settle(&mut guest, &taken).await?;
        guest.close().await?;
        host.until_owns(4).await
    }
}

/// Members come and go while records flow, and each commits before it lets go: every record comes once.
pub(in super::super) async fn coming_and_going_loses_and_repeats_nothing(lab: Lab<'_>) -> Outcome {
    let partitions = lab.partitions(4).await?;
    let group = lab.group();
    let mut host = lab.member(&group, &partitions[0].topic).await?.answering_by_hand();
    host.until_owns(4).await?;
    let mut came = Came::default();
    for round in 0..3 {
        for p in &partitions {
            lab.fill(p, round * 5..round * 5 + 5).await?;
        }
        came.visit(&lab, &group, &mut host).await?;
    }
    let all = |m: &Member| partitions.iter().all(|p| came.count(p) + m.count(p) >= 15);
    host.until("all records", all).await?;
    came.settle(&mut host, &partitions).await?;
    for p in &partitions {
        ensure_eq!(values(&came.0[p]), numbers(0..15), "what came of {p}, whoever had it");
    }
    Ok(())
}

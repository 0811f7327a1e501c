//! What members are given.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, timeout};

use super::prelude::*;
use crate::broker::Subscription;
use crate::testing::conformance::drive::until;
use crate::testing::conformance::member::Member;

/// A single member gets every record of every partition, once, in order.
pub(in super::super) async fn one_member_gets_everything(lab: Lab<'_>) -> Outcome {
    let partitions = lab.partitions(3).await?;
    for p in &partitions {
        lab.fill(p, 0..40).await?;
    }
    let mut member = lab.member(&lab.group(), &partitions[0].topic).await?;
    let expected = numbers(0..40);
    let all = |m: &Member| partitions.iter().all(|p| m.has_come(p, &expected));
    member.until("all records", all).await?;
    for p in &partitions {
        ensure_eq!(member.values(p), expected, "what came of {p}");
        ensure_eq!(member.got[p], lab.read(p, 0).await?, "what a fetch of {p} reads");
    }
    Ok(())
}

/// Each group gets everything.
pub(in super::super) async fn two_groups_each_get_everything(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..20).await?;
    let mut a = lab.member(&lab.group(), &p.topic).await?;
    let mut b = lab.member(&lab.group(), &p.topic).await?;
    let expected = numbers(0..20);
    let all = |m: &[&mut Member]| m.iter().all(|m| m.has_come(&p, &expected));
    until(&mut [&mut a, &mut b], "all records in both groups", all).await?;
    ensure_eq!(a.values(&p), expected, "what the first group got");
    ensure_eq!(b.values(&p), expected, "what the second group got");
    Ok(())
}

/// A member that has caught up is woken by what arrives.
pub(in super::super) async fn records_that_arrive_wake_a_member(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let mut member = lab.member(&lab.group(), &p.topic).await?;
    member.until_owns(1).await?;
    for n in 0..10 {
        let (read, written) = futures_util::join!(
            member.until_count(&p, n + 1),
            lab.fill(&p, n as u32..n as u32 + 1)
        );
        written?;
        read?;
    }
    ensure_eq!(member.values(&p), numbers(0..10), "what was delivered");
    Ok(())
}

/// One event brings no more records than the subscription allows, and about as many bytes.
pub(in super::super) async fn poll_keeps_to_its_limits(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let kilobyte = || record_to(&p).value(vec![7; 1_000]);
    lab.publish((0..60).map(|_| kilobyte()).collect()).await?;
    let plain = lab.subscription(&lab.group(), &[&p.topic]);
    let few = Subscription { max_poll_records: 7, ..plain.clone() };
    let small = Subscription { group: lab.group(), max_poll_bytes: 5_000, ..plain };
    for subscription in [few, small] {
        let records = subscription.max_poll_records;
        let bytes = subscription.max_poll_bytes;
        let mut member = lab.join(subscription).await?;
        member.until_count(&p, 60).await?;
        let fits = |(n, size): &(usize, usize)| *n <= records && *size <= bytes * 2;
        ensure!(member.batches.iter().all(fits), "too much at once: {:?}", member.batches);
    }
    Ok(())
}

/// A record larger than `max_poll_bytes` comes nonetheless: it must not stop its partition.
pub(in super::super) async fn a_large_record_passes_a_small_poll_limit(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let sizes = [10, 100_000, 10];
    lab.publish(sizes.iter().map(|n| record_to(&p).value(vec![7; *n])).collect()).await?;
    let plain = lab.subscription(&lab.group(), &[&p.topic]);
    let mut member = lab.join(Subscription { max_poll_bytes: 1_000, ..plain }).await?;
    member.until_count(&p, 3).await?;
    let got: Vec<_> = member.got[&p].iter().map(crate::message::Record::size).collect();
    ensure_eq!(got, sizes.to_vec(), "the sizes that came");
    Ok(())
}

/// A dropped poll loses nothing, whenever it is dropped.
pub(in super::super) async fn poll_is_cancel_safe(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..150).await?;
    let plain = lab.subscription(&lab.group(), &[&p.topic]);
    let mut member = lab.join(Subscription { max_poll_records: 2, ..plain }).await?;
    let expected = numbers(0..150);
    let deadline = Instant::now() + lab.harness.patience();
    for attempt in 0.. {
        if member.has_come(&p, &expected) {
            break;
        }
        ensure!(Instant::now() < deadline, "only {} of 150 records came", member.count(&p));
        // Dropped at once, or after up to 20 ms: at any point of its work.
        let event = match attempt % 4 {
            0 => timeout(Duration::from_millis(attempt % 21), member.consumer.poll()).await.ok(),
            _ => member.consumer.poll().now_or_never(),
        };
        if let Some(event) = event {
            member.take(event)?;
        }
        tokio::task::yield_now().await;
    }
    ensure_eq!(member.values(&p), expected, "what was delivered");
    Ok(())
}

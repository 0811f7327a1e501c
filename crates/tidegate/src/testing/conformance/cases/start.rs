//! Where delivery begins is the member's word (rule 7).

use super::prelude::*;
use crate::broker::{Subscription, Watermarks};
use crate::testing::conformance::member::Member;

/// Nothing comes of a partition that was not started, while another one flows.
pub(in super::super) async fn nothing_is_delivered_before_start(lab: Lab<'_>) -> Outcome {
    let partitions = lab.partitions(2).await?;
    let (quiet, flowing) = (&partitions[0], &partitions[1]);
    lab.fill(quiet, 0..10).await?;
    let mut member = lab.member(&lab.group(), &quiet.topic).await?.started_by_hand();
    member.until_owns(2).await?;
    member.start(flowing, 0);
    lab.fill(flowing, 0..5).await?;
    member.until_count(flowing, 5).await?;
    ensure_eq!(member.count(quiet), 0, "records of what was not started");
    member.start(quiet, 7);
    member.until_values(quiet, 7..10).await?;
    Ok(())
}

/// Earliest, in the middle, at the end: exactly from there.
pub(in super::super) async fn start_positions(lab: Lab<'_>) -> Outcome {
    let partitions = lab.partitions(3).await?;
    for p in &partitions {
        lab.fill(p, 0..10).await?;
    }
    let mut member = lab.member(&lab.group(), &partitions[0].topic).await?.started_by_hand();
    member.until_owns(3).await?;
    for (p, from) in partitions.iter().zip([0, 5, 10]) {
        member.start(p, from);
    }
    for p in &partitions {
        lab.fill(p, 10..12).await?;
    }
    for (p, from) in partitions.iter().zip([0, 5, 10]) {
        member.until_values(p, from..12).await?;
    }
    Ok(())
}

/// A position outside of the log is an event with the bounds; nothing comes until it is started again.
pub(in super::super) async fn start_out_of_range_is_an_event(lab: Lab<'_>) -> Outcome {
    let partitions = lab.partitions(2).await?;
    let (below, above) = (&partitions[0], &partitions[1]);
    for p in &partitions {
        lab.fill(p, 0..10).await?;
        lab.broker.delete_records(p.clone(), Offset(4)).await?;
    }
    let mut member = lab.member(&lab.group(), &below.topic).await?.started_by_hand();
    member.until_owns(2).await?;
    let bounds = Watermarks { start: Offset(4), end: Offset(10) };
    for (p, position) in [(below, 2), (above, 11)] {
        member.start(p, position);
        let told = |m: &Member| !m.out_of_range.is_empty() || m.count(p) > 0;
        member.until("an OutOfRange event", told).await?;
        let event = member.out_of_range.pop();
        ensure_eq!(event, Some((p.clone(), Offset(position), bounds)), "the event");
        member.start(p, 4);
        member.until_values(p, 4..10).await?;
    }
    ensure!(member.out_of_range.is_empty(), "the event came twice");
    Ok(())
}

/// A second start drops what was fetched for the first: back, ahead, and back again.
pub(in super::super) async fn starting_again_discards_what_was_fetched(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..100).await?;
    let plain = lab.subscription(&lab.group(), &[&p.topic]);
    let few = Subscription { max_poll_records: 5, ..plain };
    let mut member = lab.join(few).await?.started_by_hand();
    member.until_owns(1).await?;
    for from in [0, 50, 20, 90] {
        member.got.clear();
        member.start(&p, from);
        member.until_count(&p, 10).await?;
        let end = from as u32 + 10;
        let began: Vec<_> = member.values(&p).into_iter().take(10).collect();
        ensure_eq!(began, numbers(from as u32..end), "what came after a start at {from}");
    }
    Ok(())
}

/// A commit below the log's start ends in the same event, never in a silent jump.
pub(in super::super) async fn a_commit_below_the_start_is_an_event(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..5).await?;
    let group = lab.group();
    let mut member = lab.member(&group, &p.topic).await?;
    member.until_count(&p, 5).await?;
    member.commit(&p, 2, "").await??;
    member.close().await?;
    lab.broker.delete_records(p.clone(), Offset(4)).await?;
    let mut next = lab.member(&group, &p.topic).await?;
    next.until("an OutOfRange event", |m: &Member| !m.out_of_range.is_empty()).await?;
    let bounds = Watermarks { start: Offset(4), end: Offset(5) };
    ensure_eq!(next.out_of_range, vec![(p.clone(), Offset(2), bounds)], "the event");
    let told = next.owned.get(&p).and_then(|assignment| assignment.committed.clone());
    ensure_eq!(told.map(|t| t.offset), Some(Offset(2)), "the commit, which stays as it was");
    Ok(())
}

/// Records that are deleted under a reader either come, or end in the event: never is one jumped.
pub(in super::super) async fn deletion_under_a_reader_is_no_jump(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let mut member = lab.member(&lab.group(), &p.topic).await?;
    member.until_owns(1).await?;
    member.pause(&p);
    lab.fill(&p, 0..10).await?;
    lab.broker.delete_records(p.clone(), Offset(10)).await?;
    lab.fill(&p, 10..12).await?;
    member.resume(&p);
    let ended = |m: &Member| !m.out_of_range.is_empty() || m.count(&p) == 12;
    member.until("all records, or an OutOfRange event", ended).await?;
    let end = match member.out_of_range.first() {
        None => 12,
        Some((_, position, watermarks)) => {
            let bounds = Watermarks { start: Offset(10), end: Offset(12) };
            ensure_eq!(*watermarks, bounds, "the bounds in the event");
            u32::try_from(position.0)?
        }
    };
    ensure_eq!(member.values(&p), numbers(0..end), "what came before the end of delivery");
    Ok(())
}

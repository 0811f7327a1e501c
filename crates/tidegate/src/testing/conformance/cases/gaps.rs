//! Offsets without records, as compaction and transactions leave them (rule 1).

use super::prelude::*;
use crate::broker::FetchLimit;

/// Records `0..3`, five empty offsets, records `3..6`; gives the offset where the second part begins.
async fn with_gap(lab: &Lab<'_>) -> Outcome<(TopicPartition, u64)> {
    let p = lab.partition().await?;
    lab.fill(&p, 0..3).await?;
    lab.harness.make_gap(&p, 5).await;
    let placed = lab.fill(&p, 3..6).await?;
    let behind = placed[0].offset.0;
    ensure!(behind >= 8, "no gap of 5 was made: the next record stands at {behind}");
    Ok((p, behind))
}

/// A read passes a gap, also when it begins inside of it.
pub(in super::super) async fn fetch_passes_a_gap(lab: Lab<'_>) -> Outcome {
    let (p, behind) = with_gap(&lab).await?;
    let all = lab.read(&p, 0).await?;
    ensure_eq!(values(&all), numbers(0..6), "what was read");
    let expected = vec![0, 1, 2, behind, behind + 1, behind + 2];
    ensure_eq!(offsets(&all), expected, "the offsets");
    ensure_eq!(values(&lab.read(&p, 5).await?), numbers(3..6), "what follows the gap's inside");
    Ok(())
}

/// A gap at the end belongs to the log: reading there is in range, and leads to what comes next.
pub(in super::super) async fn fetch_passes_a_gap_at_the_end(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..3).await?;
    lab.harness.make_gap(&p, 5).await;
    let end = lab.broker.watermarks(p.clone()).await?.end;
    ensure!(end >= Offset(8), "the end {end} does not count the gap");
    let fetched = lab.broker.fetch(p.clone(), Offset(3), FetchLimit::default()).await?;
    ensure!(fetched.records.is_empty(), "records in a gap: {:?}", fetched.records);
    let next = fetched.next;
    ensure!((Offset(3)..=end).contains(&next), "reading on at {next} leaves 3 to {end}");
    lab.fill(&p, 3..4).await?;
    ensure_eq!(values(&lab.read(&p, next.0).await?), numbers(3..4), "what came next");
    Ok(())
}

/// A member is led over a gap, and what it commits behind it is where the next one begins.
pub(in super::super) async fn members_pass_a_gap(lab: Lab<'_>) -> Outcome {
    let (p, behind) = with_gap(&lab).await?;
    let group = lab.group();
    let mut member = lab.member(&group, &p.topic).await?;
    member.until_values(&p, 0..6).await?;
    member.commit(&p, behind + 1, "").await??;
    member.close().await?;
    let mut next = lab.member(&group, &p.topic).await?;
    next.until_values(&p, 4..6).await?;
    Ok(())
}

/// An offset inside of a gap may be committed; the next record behind it comes first then.
pub(in super::super) async fn a_commit_may_stand_in_a_gap(lab: Lab<'_>) -> Outcome {
    let (p, _) = with_gap(&lab).await?;
    let group = lab.group();
    let mut member = lab.member(&group, &p.topic).await?;
    member.until_count(&p, 3).await?;
    member.commit(&p, 3, "").await??;
    member.commit(&p, 5, "").await??;
    ensure_eq!(lab.committed(&group, &p).await?, Some((5, String::new())), "the commit");
    member.close().await?;
    let mut next = lab.member(&group, &p.topic).await?;
    next.until_values(&p, 3..6).await?;
    Ok(())
}

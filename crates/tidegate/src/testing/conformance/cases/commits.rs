//! What a group remembers.

use super::prelude::*;
use crate::broker::{CommitError, Subscription};
use crate::testing::conformance::member::{Member, entry};

/// A member that owns one partition with the records `0..10`.
async fn owner(lab: &Lab<'_>) -> Outcome<(Member, String, TopicPartition)> {
    let p = lab.partition().await?;
    lab.fill(&p, 0..10).await?;
    let group = lab.group();
    let mut member = lab.member(&group, &p.topic).await?;
    member.until_owns(1).await?;
    Ok((member, group, p))
}

/// The text beside a commit comes back unchanged: empty, not ASCII, and at the limit of 4096 bytes.
pub(in super::super) async fn commit_metadata_round_trip(lab: Lab<'_>) -> Outcome {
    let (mut member, group, p) = owner(&lab).await?;
    let longest = "m".repeat(Subscription::MAX_METADATA);
    let wide = "é".repeat(Subscription::MAX_METADATA / 2);
    for metadata in ["", "plain", "日本語 naïve \"{}\"\n\t🦀", &longest, &wide] {
        member.commit(&p, 5, metadata).await??;
        ensure_eq!(lab.committed(&group, &p).await?, Some((5, metadata.into())), "as listed");
    }
    member.close().await?;
    let mut next = lab.member(&group, &p.topic).await?;
    next.until_owns(1).await?;
    let told = next.owned.get(&p).and_then(|assignment| assignment.committed.clone());
    ensure_eq!(told.map(|t| (t.offset.0, t.metadata)), Some((5, wide)), "as assigned");
    Ok(())
}

/// One byte over the limit is refused, and the commit before it stays.
pub(in super::super) async fn too_much_metadata_is_refused(lab: Lab<'_>) -> Outcome {
    let (mut member, group, p) = owner(&lab).await?;
    member.commit(&p, 3, "kept").await??;
    let limit = Subscription::MAX_METADATA;
    let answer = member.commit(&p, 4, &"m".repeat(limit + 1)).await?;
    let refused = CommitError::MetadataTooLarge { size: limit + 1, limit };
    ensure_eq!(answer, Err(refused), "the answer");
    ensure_eq!(lab.committed(&group, &p).await?, Some((3, "kept".into())), "the commit");
    Ok(())
}

/// The next member begins exactly at the commit.
pub(in super::super) async fn resume_from_committed(lab: Lab<'_>) -> Outcome {
    let (mut member, group, p) = owner(&lab).await?;
    member.until_count(&p, 10).await?;
    member.commit(&p, 6, "").await??;
    member.close().await?;
    let mut next = lab.member(&group, &p.topic).await?;
    next.until_values(&p, 6..10).await?;
    Ok(())
}

/// An assignment without a commit says so, and names the bounds to choose from.
pub(in super::super) async fn no_commit_is_not_a_commit_of_zero(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..10).await?;
    lab.broker.delete_records(p.clone(), Offset(3)).await?;
    let mut member = lab.member(&lab.group(), &p.topic).await?;
    member.until_owns(1).await?;
    let assignment = member.owned.get(&p).cloned();
    let assignment = assignment.ok_or_else(|| Failed::new("nothing is owned"))?;
    ensure_eq!(assignment.committed, None, "the commit of a new group");
    ensure_eq!(assignment.watermarks, lab.broker.watermarks(p).await?, "the bounds");
    Ok(())
}

/// Groups are strangers to each other.
pub(in super::super) async fn groups_do_not_share_commits(lab: Lab<'_>) -> Outcome {
    let (mut member, group, p) = owner(&lab).await?;
    let other = lab.group();
    let mut stranger = lab.member(&other, &p.topic).await?;
    stranger.until_owns(1).await?;
    member.commit(&p, 6, "one").await??;
    ensure_eq!(lab.committed(&other, &p).await?, None, "the other group's commit");
    stranger.commit(&p, 2, "two").await??;
    ensure_eq!(lab.committed(&group, &p).await?, Some((6, "one".into())), "the first");
    ensure_eq!(lab.committed(&other, &p).await?, Some((2, "two".into())), "the second");
    Ok(())
}

/// The end may be committed, what lies beyond may not.
pub(in super::super) async fn a_commit_beyond_the_end_is_refused(lab: Lab<'_>) -> Outcome {
    let (mut member, group, p) = owner(&lab).await?;
    member.commit(&p, 10, "end").await??;
    let (offset, end) = (Offset(11), Offset(10));
    let refused = CommitError::OutOfRange { partition: p.clone(), offset, end };
    ensure_eq!(member.commit(&p, 11, "beyond").await?, Err(refused), "the answer");
    ensure_eq!(lab.committed(&group, &p).await?, Some((10, "end".into())), "the commit");
    Ok(())
}

/// Only the owner commits; each entry of a call has its own answer, in order.
pub(in super::super) async fn only_the_owner_commits(lab: Lab<'_>) -> Outcome {
    let (mut member, group, p) = owner(&lab).await?;
    let foreign = lab.partition().await?;
    lab.fill(&foreign, 0..5).await?;
    let entries = vec![entry(&foreign, 1, "not mine"), entry(&p, 4, "mine")];
    let answers = member.commit_all(entries).await?;
    let expected = vec![Err(CommitError::NotOwned(foreign.clone())), Ok(())];
    ensure_eq!(answers, expected, "the answers");
    ensure_eq!(lab.committed(&group, &foreign).await?, None, "what is not owned");
    ensure_eq!(lab.committed(&group, &p).await?, Some((4, "mine".into())), "what is owned");
    Ok(())
}

/// A commit on its way does not hold up delivery, nor delivery the commit.
pub(in super::super) async fn polling_goes_on_during_a_commit(lab: Lab<'_>) -> Outcome {
    let (mut member, group, p) = owner(&lab).await?;
    let commit = member.consumer.commit(vec![entry(&p, 2, "meanwhile")]);
    member.until_count(&p, 10).await?;
    let answers = lab.within("the commit", commit).await?;
    ensure_eq!(answers, vec![Ok(())], "the answer");
    ensure_eq!(lab.committed(&group, &p).await?, Some((2, "meanwhile".into())), "the commit");
    Ok(())
}

//! Topics, groups, lag, health.

use super::prelude::*;
use crate::broker::{AdminError, BrokerError, Cleanup, GroupInfo, NewTopic, TopicInfo};

/// New topics are listed by name, with their partitions and limits.
pub(in super::super) async fn topics_are_listed(lab: Lab<'_>) -> Outcome {
    let (first, second) = (lab.topic(3).await?, lab.fresh_topic_name()?);
    let max_message_bytes = Some(5_000);
    lab.create(NewTopic { max_message_bytes, ..NewTopic::new(second.clone(), 1) }).await?;
    let all = lab.broker.topics().await?;
    ensure!(all.is_sorted_by(|a, b| a.name < b.name), "the topics are not sorted by name");
    let default = NewTopic::DEFAULT_MAX_MESSAGE_BYTES;
    for (name, partitions, max_message_bytes) in [(first, 3, default), (second, 1, 5_000)] {
        let found = all.iter().find(|t| t.name == name).cloned();
        // How long a log keeps what nobody speaks of is its own.
        let retention = found.as_ref().and_then(|topic| topic.retention);
        let cleanup = Some(Cleanup::Delete);
        let expected = TopicInfo { name, partitions, max_message_bytes, cleanup, retention };
        ensure_eq!(found, Some(expected), "the topic as listed");
        ensure!(retention.is_some(), "how long its records are kept is not shown");
    }
    Ok(())
}

/// A topic is not created twice: the first stays as it is, others in the call are created.
pub(in super::super) async fn an_existing_topic_is_refused(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..3).await?;
    let other = lab.fresh_topic_name()?;
    let again = NewTopic::new(p.topic.clone(), 7);
    let results = lab.broker.create_topics(vec![again, NewTopic::new(other.clone(), 1)]).await;
    let expected = vec![Err(AdminError::TopicExists(p.topic.clone())), Ok(())];
    ensure_eq!(results, expected, "the results");
    ensure_eq!(values(&lab.read(&p, 0).await?), numbers(0..3), "what the first topic holds");
    let listed = lab.broker.topics().await?.into_iter().find(|t| t.name == p.topic);
    ensure_eq!(listed.map(|t| t.partitions), Some(1), "partitions of the first topic");
    lab.fill(&partition(&other, 0), 0..1).await?;
    Ok(())
}

/// A topic without partitions cannot be.
pub(in super::super) async fn a_topic_needs_a_partition(lab: Lab<'_>) -> Outcome {
    let name = lab.fresh_topic_name()?;
    let results = lab.broker.create_topics(vec![NewTopic::new(name.clone(), 0)]).await;
    ensure_matches!(
        results.as_slice(),
        [Err(AdminError::InvalidTopic { topic, .. })] if *topic == name,
        "the answer to 0 partitions"
    );
    let listed = lab.broker.topics().await?.iter().any(|t| t.name == name);
    ensure!(!listed, "it was created nonetheless");
    Ok(())
}

async fn group_info(lab: &Lab<'_>, group: &str) -> Outcome<Option<GroupInfo>> {
    let groups = lab.broker.groups().await?;
    ensure!(groups.is_sorted_by(|a, b| a.name < b.name), "the groups are not sorted by name");
    Ok(groups.into_iter().find(|g| g.name == group))
}

/// A group is listed with its members and what they own; without members, while it has commits.
pub(in super::super) async fn groups_are_listed_with_members(lab: Lab<'_>) -> Outcome {
    let partitions = lab.partitions(2).await?;
    let group = lab.group();
    ensure_eq!(group_info(&lab, &group).await?, None, "a group that nobody joined");
    let mut member = lab.member(&group, &partitions[0].topic).await?;
    member.until_owns(2).await?;
    let info = group_info(&lab, &group).await?.ok_or_else(|| Failed::new("it is not listed"))?;
    let mut owned: Vec<_> = info.members.iter().flat_map(|m| m.partitions.clone()).collect();
    owned.sort();
    ensure_eq!(info.members.len(), 1, "members");
    ensure_eq!(owned, partitions, "what the member owns");
    member.commit(&partitions[0], 0, "").await??;
    member.close().await?;
    let left = group_info(&lab, &group).await?.map(|g| g.members);
    ensure_eq!(left, Some(Vec::new()), "members after it left");
    Ok(())
}

/// What a group committed is listed partition by partition; an unknown group committed nothing.
pub(in super::super) async fn commits_are_listed(lab: Lab<'_>) -> Outcome {
    let partitions = lab.partitions(3).await?;
    lab.fill(&partitions[0], 0..5).await?;
    lab.fill(&partitions[2], 0..5).await?;
    let group = lab.group();
    ensure_eq!(lab.broker.committed(group.clone()).await?, Vec::new(), "an unknown group");
    let mut member = lab.member(&group, &partitions[0].topic).await?;
    member.until_owns(3).await?;
    member.commit(&partitions[0], 2, "a").await??;
    member.commit(&partitions[2], 5, "b").await??;
    let mut all = lab.broker.committed(group.clone()).await?;
    all.sort_by_key(|(p, _)| p.partition);
    let shown: Vec<_> =
        all.iter().map(|(p, c)| (p.partition.0, c.offset.0, c.metadata.as_str())).collect();
    ensure_eq!(shown, vec![(0, 2, "a"), (2, 5, "b")], "what is committed");
    Ok(())
}

/// Lag counts from the commit, or from the log's start where nothing is committed.
pub(in super::super) async fn lag_with_and_without_commits(lab: Lab<'_>) -> Outcome {
    let partitions = lab.partitions(3).await?;
    lab.fill(&partitions[0], 0..10).await?;
    lab.fill(&partitions[1], 0..10).await?;
    lab.broker.delete_records(partitions[1].clone(), Offset(4)).await?;
    let group = lab.group();
    ensure_eq!(lag(&lab, &group, &partitions).await?, vec![10, 6, 0], "lag before a commit");
    let mut member = lab.member(&group, &partitions[0].topic).await?;
    member.until_owns(3).await?;
    member.commit(&partitions[0], 7, "m").await??;
    ensure_eq!(lag(&lab, &group, &partitions).await?, vec![3, 6, 0], "lag after a commit");
    lab.fill(&partitions[0], 10..12).await?;
    ensure_eq!(lag(&lab, &group, &partitions).await?, vec![5, 6, 0], "lag after two more");
    Ok(())
}

async fn lag(lab: &Lab<'_>, group: &str, partitions: &[TopicPartition]) -> Outcome<Vec<u64>> {
    let topic = partitions[0].topic.clone();
    let mut rows = lab.broker.lag(group.into(), topic).await?;
    rows.sort_by_key(|row| row.partition.partition);
    let listed: Vec<_> = rows.iter().map(|row| row.partition.clone()).collect();
    ensure_eq!(listed, partitions.to_vec(), "the partitions of the topic");
    for row in &rows {
        let committed = row.committed.as_ref().map(|c| (c.offset.0, c.metadata.clone()));
        ensure_eq!(committed, lab.committed(group, &row.partition).await?, "its commit");
        let bounds = lab.broker.watermarks(row.partition.clone()).await?;
        ensure_eq!(row.watermarks, bounds, "its bounds");
    }
    Ok(rows.iter().map(|row| row.lag).collect())
}

/// Lag of a topic that does not exist is an error, not zero.
pub(in super::super) async fn lag_of_an_unknown_topic_is_refused(lab: Lab<'_>) -> Outcome {
    let missing = lab.fresh_topic_name()?;
    let answer = lab.broker.lag(lab.group(), missing.clone()).await;
    ensure_eq!(answer, Err(BrokerError::UnknownTopic(missing)), "the answer");
    Ok(())
}

/// A running broker says that it is healthy.
pub(in super::super) async fn a_running_broker_is_healthy(lab: Lab<'_>) -> Outcome {
    Ok(lab.within("the answer", lab.broker.health()).await??)
}

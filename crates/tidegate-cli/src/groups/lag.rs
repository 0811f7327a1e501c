//! `groups lag`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tidegate::broker::{Broker, BrokerError, GroupInfo, GroupState, PartitionLag};
use tidegate::message::{TopicName, TopicPartition};

use super::metadata::Metadata;
use super::{topics_of, unseen};
use crate::answer::{Answer, Block, Table, or_dash};
use crate::failure::Failure;
use crate::near::did_you_mean;
use crate::output::safe;

#[derive(Debug, Serialize)]
struct GroupLag {
    group: String,
    lag: u64,
    partitions: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    topic: String,
    partition: u32,
    committed: Option<u64>,
    start: u64,
    end: u64,
    lag: u64,
    member: Option<String>,
    metadata: Option<Metadata>,
}

pub(super) async fn run(
    broker: &Broker,
    group: &str,
    topic: Option<&TopicName>,
) -> Result<Answer, Failure> {
    let info = find(broker, group).await?;
    let (lags, gone) = lags(broker, &info, topic).await?;
    let cluster_id = broker.cluster_id().await?;
    let (owners, hidden) = (owners(&info), info.state == GroupState::Unknown);
    let line = |lag: &PartitionLag| Line::of(lag, &cluster_id, &owners);
    let partitions: Vec<_> = lags.iter().map(line).collect();
    let total = partitions.iter().map(|line| line.lag).sum();
    let header = ["TOPIC", "PARTITION", "COMMITTED", "START", "END", "LAG", "MEMBER", "NOTE"];
    let table = Table::new(&header, &[1, 2, 3, 4, 5]).rows(partitions.iter().map(Line::row));
    let found = GroupLag { group: info.name, lag: total, partitions };
    let mut answer = Answer::new(&found, vec![Block::Table(table)])?;
    if hidden {
        answer = answer.say(unseen(&found.group));
    }
    Ok(gone.iter().fold(answer, |answer, topic| {
        answer.say(format!("topic {topic} is gone: the group's offsets for it are left over"))
    }))
}

async fn find(broker: &Broker, name: &str) -> Result<GroupInfo, Failure> {
    let groups = broker.groups().await?;
    groups.iter().find(|group| group.name == name).cloned().ok_or_else(|| {
        let guess = did_you_mean(name, groups.iter().map(|group| group.name.as_str()));
        let what = "it has neither members nor committed offsets";
        Failure::Missing(format!("group {name} is not known ({what}){guess}"))
    })
}

/// The lag on each topic of the group, and topics that are gone.
async fn lags(
    broker: &Broker,
    group: &GroupInfo,
    only: Option<&TopicName>,
) -> Result<(Vec<PartitionLag>, Vec<TopicName>), Failure> {
    let topics = topics_of(broker, group).await?;
    let topics = match only {
        // Of one whose members are hidden nobody knows what it reads and has not committed yet.
        Some(topic) if !topics.contains(topic) && group.state != GroupState::Unknown => {
            return Err(does_not_read(&group.name, topic, &topics));
        }
        Some(topic) => BTreeSet::from([topic.clone()]),
        None => topics,
    };
    let (mut lags, mut gone) = (Vec::new(), Vec::new());
    for topic in topics {
        match broker.lag(group.name.clone(), topic.clone()).await {
            Ok(lag) => lags.extend(lag),
            Err(BrokerError::UnknownTopic(_)) => gone.push(topic),
            Err(error) => return Err(error.into()),
        }
    }
    Ok((lags, gone))
}

fn does_not_read(group: &str, topic: &TopicName, topics: &BTreeSet<TopicName>) -> Failure {
    let names: Vec<_> = topics.iter().map(TopicName::as_str).collect();
    let reads = if names.is_empty() { "nothing".into() } else { names.join(", ") };
    Failure::Missing(format!(
        "group {group} does not read {topic}, as far as it can be seen: it reads {reads}"
    ))
}

fn owners(group: &GroupInfo) -> BTreeMap<&TopicPartition, &str> {
    let pairs = group.members.iter().flat_map(|member| {
        member.partitions.iter().map(|partition| (partition, member.id.as_str()))
    });
    pairs.collect()
}

impl Line {
    fn of(lag: &PartitionLag, cluster_id: &str, owners: &BTreeMap<&TopicPartition, &str>) -> Self {
        Self {
            topic: lag.partition.topic.to_string(),
            partition: lag.partition.partition.0,
            committed: lag.committed.as_ref().map(|committed| committed.offset.0),
            start: lag.watermarks.start.0,
            end: lag.watermarks.end.0,
            lag: lag.lag,
            member: owners.get(&lag.partition).map(|&id| id.to_owned()),
            metadata: Metadata::of(lag, cluster_id),
        }
    }

    fn row(&self) -> Vec<String> {
        let numbers = [self.start, self.end, self.lag].map(|number| number.to_string());
        let mut row = vec![self.topic.clone(), self.partition.to_string(), or_dash(self.committed)];
        row.extend(numbers);
        row.push(or_dash(self.member.as_deref().map(safe)));
        row.push(self.note());
        row
    }

    /// What needs an operator's eye.
    fn note(&self) -> String {
        let metadata = self.metadata.as_ref().map(Metadata::line).unwrap_or_default();
        match self.committed {
            Some(at) if at < self.start => {
                format!("records {at} to {} were deleted unread {metadata}", self.start - 1)
            }
            Some(at) if at > self.end => {
                format!("committed beyond the end: the topic was made anew {metadata}")
            }
            _ => metadata,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(committed: Option<u64>) -> String {
        let (topic, member, metadata) = ("orders".into(), None, None);
        let line =
            Line { topic, partition: 0, committed, start: 5, end: 9, lag: 4, member, metadata };
        line.row().pop().unwrap().trim_end().to_owned()
    }

    /// rule 7: the owner does not jump over what it has lost, and an operator must see why it stands.
    #[test]
    fn an_offset_outside_of_the_log_is_told() {
        assert_eq!(note(Some(3)), "records 3 to 4 were deleted unread");
        assert_eq!(note(Some(10)), "committed beyond the end: the topic was made anew");
        for inside in [None, Some(5), Some(9)] {
            assert_eq!(note(inside), "", "{inside:?}");
        }
    }
}

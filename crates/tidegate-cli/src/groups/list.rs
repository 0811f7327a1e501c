//! `groups list`.

use serde::Serialize;
use tidegate::broker::{Broker, BrokerError, GroupInfo, GroupMember, GroupState};
use tidegate::message::{TopicName, TopicPartition};

use super::{topics_of, unseen};
use crate::answer::{Answer, Block, Table, or_dash};
use crate::failure::Failure;
use crate::output::safe;

#[derive(Debug, Serialize)]
struct Groups {
    groups: Vec<Group>,
}

#[derive(Debug, Serialize)]
struct Group {
    name: String,
    state: &'static str,
    /// `None`: the log does not tell.
    members: Option<Vec<Member>>,
    topics: Vec<Topic>,
}

#[derive(Debug, Serialize)]
struct Member {
    id: String,
    partitions: Vec<TopicPartition>,
}

#[derive(Debug, Serialize)]
struct Topic {
    topic: String,
    partitions: usize,
    lag: Option<u64>,
}

pub(super) async fn run(broker: &Broker) -> Result<Answer, Failure> {
    let mut groups = Vec::new();
    for info in broker.groups().await? {
        groups.push(look_at(broker, info).await?);
    }
    let header = ["GROUP", "STATE", "MEMBERS", "TOPIC", "PARTITIONS", "LAG"];
    let table = Table::new(&header, &[2, 4, 5]).rows(groups.iter().flat_map(rows));
    let silent = groups.iter().filter(|group| group.members.is_none());
    let silent: Vec<_> = silent.map(|group| unseen(&group.name)).collect();
    let answer = Answer::new(&Groups { groups }, vec![Block::Table(table)])?;
    Ok(silent.into_iter().fold(answer, Answer::say))
}

async fn look_at(broker: &Broker, info: GroupInfo) -> Result<Group, Failure> {
    let mut topics = Vec::new();
    for topic in topics_of(broker, &info).await? {
        topics.push(lag_on(broker, &info.name, topic).await?);
    }
    let member = |member: GroupMember| Member { id: member.id, partitions: member.partitions };
    let members = info.members.into_iter().map(member).collect();
    let (state, members) = match info.state {
        GroupState::Active => ("active", Some(members)),
        GroupState::Empty => ("empty", Some(members)),
        _ => ("unknown", None),
    };
    Ok(Group { name: info.name, state, members, topics })
}

/// A topic that was deleted has no lag, and the group is still there.
async fn lag_on(broker: &Broker, group: &str, topic: TopicName) -> Result<Topic, Failure> {
    let (partitions, lag) = match broker.lag(group.to_owned(), topic.clone()).await {
        Ok(lag) => (lag.len(), Some(lag.iter().map(|of| of.lag).sum())),
        Err(BrokerError::UnknownTopic(_)) => (0, None),
        Err(error) => return Err(error.into()),
    };
    Ok(Topic { topic: topic.to_string(), partitions, lag })
}

fn rows(group: &Group) -> Vec<Vec<String>> {
    let row = |topic: Option<&Topic>| {
        vec![
            safe(&group.name),
            group.state.to_owned(),
            or_dash(group.members.as_ref().map(Vec::len)),
            or_dash(topic.map(|topic| &topic.topic)),
            or_dash(topic.map(|topic| topic.partitions)),
            or_dash(topic.and_then(|topic| topic.lag)),
        ]
    };
    if group.topics.is_empty() {
        return vec![row(None)];
    }
    group.topics.iter().map(|topic| row(Some(topic))).collect()
}

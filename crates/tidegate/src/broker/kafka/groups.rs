//! Groups: who is in them, what they committed, how far they are behind.

use std::sync::Mutex;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::groups::GroupInfo as ClientGroup;

use super::cluster::{Cluster, is_missing, not_yet};
use super::context::Told;
use super::error::About;
use super::rescue::Rescue;
use super::waiting::until;
use super::{assigned, error, ffi, record};
use crate::broker::sync::lock;
use crate::broker::{BrokerError, Committed, GroupInfo, GroupMember, GroupState, PartitionLag};
use crate::message::{Offset, Partition, TopicName, TopicPartition};

/// Groups whose members own partitions; others (Connect's workers) share out other things.
const CONSUMERS: &str = "consumer";

/// A client that reads a group's commits without being a member.
pub(super) struct Watcher {
    group: String,
    client: BaseConsumer<Told>,
    rescue: Mutex<Rescue>,
}

impl Watcher {
    /// Serves its events (log lines, tokens). It has no partitions: nothing else comes.
    pub(super) fn serve(&self) {
        let _ = self.client.poll(Duration::ZERO);
        lock(&self.rescue).tend(self.client.client());
    }
}

impl Cluster {
    pub(super) fn groups(&self) -> Result<Vec<GroupInfo>, BrokerError> {
        let list = until(not_yet, |left| self.asking.fetch_group_list(None, left));
        let list = list.map_err(|e| self.question(&e))?;
        let mut groups: Vec<_> = list.groups().iter().map(info).collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(groups)
    }

    pub(super) fn committed(
        &self,
        group: &str,
    ) -> Result<Vec<(TopicPartition, Committed)>, BrokerError> {
        let mut all = Vec::new();
        for (topic, count) in self.counts()? {
            all.extend((0..count).map(|n| TopicPartition::new(topic.clone(), Partition(n))));
        }
        self.commits_of(group, &all)
    }

    pub(super) fn lag(
        &self,
        group: &str,
        topic: &TopicName,
    ) -> Result<Vec<PartitionLag>, BrokerError> {
        let count = self.look_up(topic)?;
        let all: Vec<_> =
            (0..count).map(|n| TopicPartition::new(topic.clone(), Partition(n))).collect();
        let mut commits = self.commits_of(group, &all)?;
        let mut rows = Vec::with_capacity(all.len());
        for partition in all {
            let watermarks = self.watermarks(&partition)?;
            let found = commits.iter().position(|(p, _)| *p == partition);
            let committed = found.map(|index| commits.swap_remove(index).1);
            let from = committed.as_ref().map_or(watermarks.start, |c| c.offset);
            let lag = watermarks.end.0.saturating_sub(from.max(watermarks.start).0);
            rows.push(PartitionLag { partition, committed, watermarks, lag });
        }
        Ok(rows)
    }

    /// What a group committed of these partitions.
    fn commits_of(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Committed)>, BrokerError> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let watcher = match self.watchers.take(|w| w.group == group) {
            Some(watcher) => watcher,
            None => self.watch(group)?,
        };
        let commits = until(not_yet, |left| {
            watcher.serve();
            commits(&watcher.client, partitions, left)
        });
        self.watchers.put(watcher);
        commits.map_err(|e| self.question_about(&e, About::group(group)))
    }

    fn watch(&self, group: &str) -> Result<Watcher, BrokerError> {
        let config = self.options.watching(group);
        let client = BaseConsumer::from_config_and_context(&config, self.told());
        let rescue = Mutex::new(Rescue::new(&self.options));
        Ok(Watcher { group: group.into(), client: client.map_err(error::config)?, rescue })
    }
}

/// What the client says of a group that it has listed and cannot describe.
const DEAD: &str = "Dead";

fn info(group: &ClientGroup) -> GroupInfo {
    let consumers = group.protocol_type() == CONSUMERS;
    let member = |member: &rdkafka::groups::GroupMemberInfo| GroupMember {
        id: member.id().into(),
        partitions: member
            .assignment()
            .filter(|_| consumers)
            .map_or_else(Vec::new, assigned::partitions),
    };
    let members: Vec<_> = group.members().iter().map(member).collect();
    let state = match group.state() {
        // It is listed, so it lives: one of the newer protocol, or one that has gone since it was listed.
        DEAD => GroupState::Unknown,
        _ => GroupState::of(&members),
    };
    GroupInfo { name: group.name().into(), generation: None, state, members }
}

fn commits(
    watcher: &BaseConsumer<Told>,
    partitions: &[TopicPartition],
    timeout: Duration,
) -> Result<Vec<(TopicPartition, Committed)>, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        list.add_partition(partition.topic.as_str(), record::number(partition));
    }
    let list = watcher.committed_offsets(list, timeout)?;
    let mut commits = Vec::new();
    // The answer keeps the order of the question.
    for (entry, partition) in ffi::offsets(&list).into_iter().zip(partitions) {
        match Code::from(entry.error) {
            Code::NoError => {}
            code if is_missing(code) => continue,
            code => return Err(KafkaError::OffsetFetch(code)),
        }
        if let Ok(offset) = u64::try_from(entry.offset) {
            let metadata = String::from_utf8_lossy(&entry.metadata).into_owned();
            let offset = Offset(offset);
            commits.push((partition.clone(), Committed { offset, metadata }));
        }
    }
    Ok(commits)
}

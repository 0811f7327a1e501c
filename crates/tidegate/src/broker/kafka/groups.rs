//! Groups: who is in them, what they committed, how far they are behind.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::groups::GroupInfo as ClientGroup;

use super::cluster::{Cluster, is_missing, not_yet};
use super::context::Told;
use super::waiting::until;
use super::{Inner, assigned, error, ffi, record};
use crate::broker::{BrokerError, Committed, GroupInfo, GroupMember, PartitionLag};
use crate::message::{Offset, Partition, TopicName, TopicPartition};

/// Groups whose members own partitions; others (Connect's workers) share out other things.
const CONSUMERS: &str = "consumer";

/// So many clients that watch a group are kept for the next question.
const WATCHERS: usize = 4;

type Watcher = Arc<BaseConsumer<Told>>;

/// Clients that read a group's commits, the one that was used last in front.
#[derive(Default)]
pub(super) struct Watchers(Mutex<VecDeque<(String, Watcher)>>);

impl Watchers {
    pub(super) fn take_all(&self) -> VecDeque<(String, Watcher)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn clear(&self) {
        drop(self.take_all());
    }

    fn take(&self, group: &str) -> Option<Watcher> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().position(|(name, _)| name == group)?;
        kept.remove(found).map(|(_, watcher)| watcher)
    }

    /// Keeps a client; what is too many is dropped by the caller, who may block.
    fn put(&self, group: &str, watcher: Watcher) -> Option<(String, Watcher)> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front((group.into(), watcher));
        if kept.len() > WATCHERS { kept.pop_back() } else { None }
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
}

fn info(group: &ClientGroup) -> GroupInfo {
    let consumers = group.protocol_type() == CONSUMERS;
    let member = |member: &rdkafka::groups::GroupMemberInfo| GroupMember {
        id: member.id().into(),
        partitions: member
            .assignment()
            .filter(|_| consumers)
            .map_or_else(Vec::new, assigned::partitions),
    };
    GroupInfo {
        name: group.name().into(),
        generation: None,
        members: group.members().iter().map(member).collect(),
    }
}

impl Inner {
    pub(super) fn committed(
        &self,
        group: &str,
    ) -> Result<Vec<(TopicPartition, Committed)>, BrokerError> {
        let mut all = Vec::new();
        for (topic, count) in self.cluster.counts()? {
            all.extend((0..count).map(|n| TopicPartition::new(topic.clone(), Partition(n))));
        }
        self.commits_of(group, &all)
    }

    pub(super) fn lag(
        &self,
        group: &str,
        topic: &TopicName,
    ) -> Result<Vec<PartitionLag>, BrokerError> {
        let count = self.cluster.look_up(topic)?;
        let all: Vec<_> =
            (0..count).map(|n| TopicPartition::new(topic.clone(), Partition(n))).collect();
        let mut commits = self.commits_of(group, &all)?;
        let mut rows = Vec::with_capacity(all.len());
        for partition in all {
            let watermarks = self.cluster.watermarks(&partition)?;
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
        let watcher = match self.watchers.take(group) {
            Some(watcher) => watcher,
            None => Arc::new(self.watch(group)?),
        };
        // Its events (log lines, tokens) are served while it is in use.
        let _ = watcher.poll(Duration::ZERO);
        let commits = until(not_yet, |left| commits(&watcher, partitions, left));
        let commits = commits.map_err(|e| self.cluster.question(&e));
        drop(self.watchers.put(group, watcher));
        commits
    }

    fn watch(&self, group: &str) -> Result<BaseConsumer<Told>, BrokerError> {
        let config = self.options().watching(group);
        BaseConsumer::from_config_and_context(&config, self.told()).map_err(error::config)
    }
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

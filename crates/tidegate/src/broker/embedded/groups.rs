//! Questions about groups: who is in them, what they committed, how far they are behind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use redb::ReadableTable;

use super::Inner;
use super::store::tables::{COMMITS, Place};
use super::store::{Store, StoreError};
use crate::broker::{BrokerError, Committed, GroupInfo, GroupState, PartitionLag};
use crate::message::{Offset, TopicName, TopicPartition};

/// What a group committed, by partition.
pub(super) async fn committed(
    inner: &Arc<Inner>,
    group: String,
) -> Result<BTreeMap<TopicPartition, Committed>, BrokerError> {
    let stored = inner.blocking(move |inner| stored(&inner.store, &group)).await?;
    let mut named = BTreeMap::new();
    for partition in inner.log.all_partitions() {
        if let Some(committed) = stored.get(&partition.key) {
            named.insert(partition.place.clone(), committed.clone());
        }
    }
    Ok(named)
}

fn stored(store: &Store, group: &str) -> Result<BTreeMap<Place, Committed>, StoreError> {
    store.read(|transaction| {
        let commits = transaction.open_table(COMMITS)?;
        let mut stored = BTreeMap::new();
        for entry in commits.range((group, 0, 0)..=(group, u32::MAX, u32::MAX))? {
            let (key, value) = entry?;
            let (_, topic, partition) = key.value();
            let (offset, metadata) = value.value();
            let committed = Committed { offset: Offset(offset), metadata: metadata.into() };
            stored.insert((topic, partition), committed);
        }
        Ok(stored)
    })
}

/// Groups that have members, or have committed something.
pub(super) async fn all(inner: &Arc<Inner>) -> Result<Vec<GroupInfo>, BrokerError> {
    let committers = inner.blocking(|inner| committers(&inner.store)).await?;
    let silent = |name: String| {
        let (generation, state) = (Some(0), GroupState::Empty);
        GroupInfo { name, generation, state, members: Vec::new() }
    };
    let mut groups: BTreeMap<_, _> =
        committers.iter().map(|name| (name.clone(), silent(name.clone()))).collect();
    for info in inner.coordinator.infos() {
        if !info.members.is_empty() || groups.contains_key(&info.name) {
            groups.insert(info.name.clone(), info);
        }
    }
    Ok(groups.into_values().collect())
}

fn committers(store: &Store) -> Result<BTreeSet<String>, StoreError> {
    store.read(|transaction| {
        let mut names = BTreeSet::new();
        for entry in transaction.open_table(COMMITS)?.iter()? {
            let (key, _) = entry?;
            names.insert(key.value().0.to_owned());
        }
        Ok(names)
    })
}

/// How far a group is behind on each partition of a topic.
pub(super) async fn lag(
    inner: &Arc<Inner>,
    group: String,
    topic: TopicName,
) -> Result<Vec<PartitionLag>, BrokerError> {
    let topic = inner.log.topic(&topic)?;
    let mut committed = committed(inner, group).await?;
    let lag = topic.partitions.iter().map(|log| {
        let (partition, watermarks) = (log.place.clone(), log.watermarks());
        let committed = committed.remove(&partition);
        let from = committed.as_ref().map_or(watermarks.start, |c| c.offset.max(watermarks.start));
        let lag = watermarks.end.0.saturating_sub(from.0);
        PartitionLag { partition, committed, watermarks, lag }
    });
    Ok(lag.collect())
}

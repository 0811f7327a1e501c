//! The contract, as one process sees it.

use std::sync::Arc;

use tokio::time::Instant;

use super::Inner;
use super::faults::{Call, Injection, Process, Site, answer};
use super::member::SimMember;
use crate::broker::{
    Acks, AdminError, BoxFuture, BrokerDriver, BrokerError, Committed, Consumer, FetchLimit,
    Fetched, GroupInfo, NewTopic, PartitionLag, Subscription, TopicInfo, Watermarks,
};
use crate::message::{NewRecord, Offset, Timestamp, TopicName, TopicPartition};

/// One process's handle.
#[derive(Debug, Clone)]
pub(super) struct SimBroker {
    pub(super) inner: Arc<Inner>,
    pub(super) process: Process,
}

impl SimBroker {
    /// Asks what goes wrong, acts, and answers.
    async fn call<T, E: From<BrokerError>>(
        &self,
        call: Call,
        partition: Option<&TopicPartition>,
        act: impl FnOnce(&Inner) -> Result<T, E>,
    ) -> Result<T, E> {
        self.inner.check_open()?;
        let injection = self.inner.injection(&Site { process: self.process, call, partition });
        let result = match injection {
            Injection::Refuse => Err(down("refused").into()),
            Injection::Crash => std::future::pending().await,
            Injection::LoseReply(_) => {
                act(&self.inner).and(Err(down("the answer was lost").into()))
            }
            _ => act(&self.inner),
        };
        answer(injection).await;
        result
    }
}

fn down(what: &str) -> BrokerError {
    BrokerError::Unavailable(format!("injected: {what}"))
}

impl BrokerDriver for SimBroker {
    fn name(&self) -> &'static str {
        "sim"
    }

    fn cluster_id(&self) -> BoxFuture<'_, Result<String, BrokerError>> {
        Box::pin(self.call(Call::ClusterId, None, |_| Ok("sim".to_owned())))
    }

    fn publish(&self, records: Vec<NewRecord>) -> Acks {
        self.take_in(records)
    }

    fn subscribe(
        &self,
        subscription: Subscription,
    ) -> BoxFuture<'_, Result<Box<dyn Consumer>, BrokerError>> {
        Box::pin(async move {
            let join = |_: &Inner| SimMember::join(self.clone(), subscription);
            let member = self.call(Call::Subscribe, None, join).await?;
            Ok(Box::new(member) as Box<dyn Consumer>)
        })
    }

    fn fetch(
        &self,
        partition: TopicPartition,
        from: Offset,
        limit: FetchLimit,
    ) -> BoxFuture<'_, Result<Fetched, BrokerError>> {
        Box::pin(async move {
            let waker = self.inner.watch();
            let deadline = Instant::now().checked_add(limit.wait);
            loop {
                let read = |inner: &Inner| inner.fetch(&partition, from, &limit);
                let fetched = self.call(Call::Fetch, Some(&partition), read).await?;
                if !fetched.records.is_empty() || limit.wait.is_zero() {
                    return Ok(fetched);
                }
                let changed = waker.notified();
                match deadline {
                    None => changed.await,
                    Some(at) if tokio::time::timeout_at(at, changed).await.is_err() => {
                        return Ok(fetched);
                    }
                    Some(_) => {}
                }
            }
        })
    }

    fn watermarks(
        &self,
        partition: TopicPartition,
    ) -> BoxFuture<'_, Result<Watermarks, BrokerError>> {
        Box::pin(async move {
            let bounds = |inner: &Inner| Ok(inner.state().partition(&partition)?.bounds());
            self.call(Call::Watermarks, Some(&partition), bounds).await
        })
    }

    fn offset_for_time(
        &self,
        partition: TopicPartition,
        time: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Offset>, BrokerError>> {
        Box::pin(async move {
            let find = |inner: &Inner| {
                let state = inner.state();
                let records = &state.partition(&partition)?.records;
                Ok(records.iter().find(|r| r.timestamp >= time).map(|record| record.offset))
            };
            self.call(Call::OffsetForTime, Some(&partition), find).await
        })
    }

    fn create_topics(&self, topics: Vec<NewTopic>) -> BoxFuture<'_, Vec<Result<(), AdminError>>> {
        Box::pin(async move {
            let mut results = Vec::with_capacity(topics.len());
            for topic in topics {
                let create = |inner: &Inner| inner.state().create(topic);
                results.push(self.call(Call::CreateTopics, None, create).await);
            }
            results
        })
    }

    fn topics(&self) -> BoxFuture<'_, Result<Vec<TopicInfo>, BrokerError>> {
        Box::pin(self.call(Call::Topics, None, |inner| Ok(inner.state().infos())))
    }

    fn delete_records(
        &self,
        partition: TopicPartition,
        before: Offset,
    ) -> BoxFuture<'_, Result<Offset, AdminError>> {
        Box::pin(async move {
            let delete = |inner: &Inner| inner.state().delete(&partition, before);
            let start = self.call(Call::DeleteRecords, Some(&partition), delete).await;
            self.inner.wake();
            start
        })
    }

    fn groups(&self) -> BoxFuture<'_, Result<Vec<GroupInfo>, BrokerError>> {
        Box::pin(self.call(Call::Groups, None, |inner| Ok(inner.groups())))
    }

    fn committed(
        &self,
        group: String,
    ) -> BoxFuture<'_, Result<Vec<(TopicPartition, Committed)>, BrokerError>> {
        Box::pin(self.call(Call::Committed, None, move |inner| {
            let commits = inner.state().commits.get(&group).cloned().unwrap_or_default();
            Ok(commits.into_iter().collect())
        }))
    }

    fn lag(
        &self,
        group: String,
        topic: TopicName,
    ) -> BoxFuture<'_, Result<Vec<PartitionLag>, BrokerError>> {
        Box::pin(self.call(Call::Lag, None, move |inner| inner.state().lag(&group, &topic)))
    }

    fn health(&self) -> BoxFuture<'_, Result<(), BrokerError>> {
        Box::pin(self.call(Call::Health, None, |inner| inner.check_open()))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.inner.shut();
        })
    }
}

impl Inner {
    fn fetch(
        &self,
        partition: &TopicPartition,
        from: Offset,
        limit: &FetchLimit,
    ) -> Result<Fetched, BrokerError> {
        self.check_open()?;
        let state = self.state();
        let part = state.partition(partition)?;
        let Watermarks { start, end } = part.bounds();
        if from < start || from > end {
            let (partition, offset) = (partition.clone(), from);
            return Err(BrokerError::OutOfRange { partition, offset, start, end });
        }
        Ok(part.fetch(from, limit))
    }

    /// Groups that have members, or have committed something.
    fn groups(&self) -> Vec<GroupInfo> {
        let mut infos = self.coordinator.infos();
        let committed: Vec<String> = self.state().commits.keys().cloned().collect();
        infos.retain(|info| !info.members.is_empty() || committed.contains(&info.name));
        for name in committed {
            if !infos.iter().any(|info| info.name == name) {
                infos.push(GroupInfo { name, generation: Some(0), members: Vec::new() });
            }
        }
        infos.sort_by(|a, b| a.name.cmp(&b.name));
        infos
    }
}

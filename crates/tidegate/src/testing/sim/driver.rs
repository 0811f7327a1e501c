//! The contract, as one process sees it.

use std::sync::Arc;

use super::Inner;
use super::fate::{Answer, Fate};
use super::faults::{Call, Site};
use super::life::Life;
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
    pub(super) life: Life,
}

impl SimBroker {
    pub(super) fn fate(
        &self,
        call: Call,
        partition: Option<&TopicPartition>,
        group: Option<&str>,
    ) -> Fate {
        self.inner.fate(&self.life, &Site { process: self.life.process, call, partition, group })
    }

    /// A question that no group asks.
    async fn ask<T, E: From<BrokerError>>(
        &self,
        call: Call,
        partition: Option<&TopicPartition>,
        act: impl FnOnce(&Inner) -> Result<T, E>,
    ) -> Result<T, E> {
        let fate = self.fate(call, partition, None);
        self.call(fate, act).await
    }

    /// Acts at its time, and answers at its time.
    async fn call<T, E: From<BrokerError>>(
        &self,
        fate: Fate,
        act: impl FnOnce(&Inner) -> Result<T, E>,
    ) -> Result<T, E> {
        let result = match fate.acted(&self.inner).await {
            true => self.inner.check_open().map_err(E::from).and_then(|()| act(&self.inner)),
            false => Err(down("no answer").into()),
        };
        self.hear(&fate, result).await
    }

    async fn hear<T, E: From<BrokerError>>(
        &self,
        fate: &Fate,
        result: Result<T, E>,
    ) -> Result<T, E> {
        match fate.told(&self.inner).await {
            Answer::Doubt => Err(down("injected: the answer was lost").into()),
            Answer::Refused(why) => Err(down(&why.to_string()).into()),
            Answer::Result | Answer::Never => result,
        }
    }
}

fn down(what: &str) -> BrokerError {
    BrokerError::Unavailable(what.to_owned())
}

impl BrokerDriver for SimBroker {
    fn name(&self) -> &'static str {
        "sim"
    }

    fn cluster_id(&self) -> BoxFuture<'_, Result<String, BrokerError>> {
        Box::pin(self.ask(Call::ClusterId, None, |_| Ok("sim".to_owned())))
    }

    fn publish(&self, records: Vec<NewRecord>) -> Acks {
        self.take_in(records)
    }

    fn subscribe(
        &self,
        subscription: Subscription,
    ) -> BoxFuture<'_, Result<Box<dyn Consumer>, BrokerError>> {
        Box::pin(async move {
            let fate = self.fate(Call::Subscribe, None, Some(&subscription.group));
            let join = |_: &Inner| SimMember::join(self.clone(), subscription);
            let member = self.call(fate, join).await?;
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
            let fate = self.fate(Call::Fetch, Some(&partition), None);
            let fetched = match fate.acted(&self.inner).await {
                true => self.read(&partition, from, &limit).await,
                false => Err(down("no answer")),
            };
            self.hear(&fate, fetched).await
        })
    }

    fn watermarks(
        &self,
        partition: TopicPartition,
    ) -> BoxFuture<'_, Result<Watermarks, BrokerError>> {
        Box::pin(async move {
            let bounds = |inner: &Inner| Ok(inner.state().partition(&partition)?.bounds());
            self.ask(Call::Watermarks, Some(&partition), bounds).await
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
            self.ask(Call::OffsetForTime, Some(&partition), find).await
        })
    }

    fn create_topics(&self, topics: Vec<NewTopic>) -> BoxFuture<'_, Vec<Result<(), AdminError>>> {
        Box::pin(async move {
            let mut results = Vec::with_capacity(topics.len());
            for topic in topics {
                let create = |inner: &Inner| inner.state().create(topic);
                results.push(self.ask(Call::CreateTopics, None, create).await);
            }
            results
        })
    }

    fn topics(&self) -> BoxFuture<'_, Result<Vec<TopicInfo>, BrokerError>> {
        Box::pin(self.ask(Call::Topics, None, |inner| Ok(inner.state().infos())))
    }

    fn delete_records(
        &self,
        partition: TopicPartition,
        before: Offset,
    ) -> BoxFuture<'_, Result<Offset, AdminError>> {
        Box::pin(async move {
            let delete = |inner: &Inner| inner.state().delete(&partition, before);
            self.ask(Call::DeleteRecords, Some(&partition), delete).await
        })
    }

    fn groups(&self) -> BoxFuture<'_, Result<Vec<GroupInfo>, BrokerError>> {
        Box::pin(self.ask(Call::Groups, None, |inner| Ok(inner.groups())))
    }

    fn committed(
        &self,
        group: String,
    ) -> BoxFuture<'_, Result<Vec<(TopicPartition, Committed)>, BrokerError>> {
        Box::pin(async move {
            let fate = self.fate(Call::Committed, None, Some(&group));
            let all = |inner: &Inner| {
                let commits = inner.state().commits.get(&group).cloned().unwrap_or_default();
                Ok(commits.into_iter().collect())
            };
            self.call(fate, all).await
        })
    }

    fn lag(
        &self,
        group: String,
        topic: TopicName,
    ) -> BoxFuture<'_, Result<Vec<PartitionLag>, BrokerError>> {
        Box::pin(async move {
            let fate = self.fate(Call::Lag, None, Some(&group));
            self.call(fate, |inner| inner.state().lag(&group, &topic)).await
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<(), BrokerError>> {
        Box::pin(self.ask(Call::Health, None, |_| Ok(())))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.inner.shut();
        })
    }
}

//! A broker that does as the test says, and remembers what it took.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tidegate::broker::{
    Acks, AdminError, BoxFuture, BrokerDriver, BrokerError, Committed, Consumer, FetchLimit,
    Fetched, GroupInfo, NewTopic, PartitionLag, Placed, PublishError, Subscription, TopicInfo,
    Watermarks,
};
use tidegate::message::{NewRecord, Offset, Partition, Timestamp, TopicName, TopicPartition};

#[derive(Debug, Clone, Default)]
pub(super) struct Scripted(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    calls: Vec<Vec<NewRecord>>,
    /// One for each record that comes; none left: acknowledged.
    answers: VecDeque<Result<(), PublishError>>,
    down: Option<BrokerError>,
    topics: Vec<TopicName>,
}

impl Scripted {
    pub(super) fn with_topic(name: &str) -> Self {
        let scripted = Self::default();
        scripted.0.lock().unwrap().topics.push(TopicName::new(name).unwrap());
        scripted
    }

    pub(super) fn answer(&self, answers: impl IntoIterator<Item = Result<(), PublishError>>) {
        self.0.lock().unwrap().answers.extend(answers);
    }

    pub(super) fn fail_health(&self, error: BrokerError) {
        self.0.lock().unwrap().down = Some(error);
    }

    /// What each publish call brought.
    pub(super) fn calls(&self) -> Vec<Vec<NewRecord>> {
        self.0.lock().unwrap().calls.clone()
    }
}

fn unused<T>() -> BoxFuture<'static, Result<T, BrokerError>> {
    Box::pin(async { Err(BrokerError::Config("the producer does not ask this".into())) })
}

impl BrokerDriver for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn publish(&self, records: Vec<NewRecord>) -> Acks {
        let mut state = self.0.lock().unwrap();
        let placed = Placed { partition: Partition(0), offset: Offset(0) };
        let acks: Vec<_> = records
            .iter()
            .map(|_| state.answers.pop_front().unwrap_or(Ok(())).map(|()| placed))
            .collect();
        state.calls.push(records);
        Box::pin(async { acks })
    }

    fn topics(&self) -> BoxFuture<'_, Result<Vec<TopicInfo>, BrokerError>> {
        unused()
    }

    fn health(&self) -> BoxFuture<'_, Result<(), BrokerError>> {
        let down = self.0.lock().unwrap().down.clone();
        Box::pin(async { down.map_or(Ok(()), Err) })
    }

    fn cluster_id(&self) -> BoxFuture<'_, Result<String, BrokerError>> {
        unused()
    }

    fn subscribe(&self, _: Subscription) -> BoxFuture<'_, Result<Box<dyn Consumer>, BrokerError>> {
        unused()
    }

    fn fetch(
        &self,
        _: TopicPartition,
        _: Offset,
        _: FetchLimit,
    ) -> BoxFuture<'_, Result<Fetched, BrokerError>> {
        unused()
    }

    fn watermarks(&self, at: TopicPartition) -> BoxFuture<'_, Result<Watermarks, BrokerError>> {
        let known = self.0.lock().unwrap().topics.contains(&at.topic);
        let bounds = if known {
            Ok(Watermarks::default())
        } else {
            Err(BrokerError::UnknownTopic(at.topic))
        };
        Box::pin(async { bounds })
    }

    fn offset_for_time(
        &self,
        _: TopicPartition,
        _: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Offset>, BrokerError>> {
        unused()
    }

    fn create_topics(&self, _: Vec<NewTopic>) -> BoxFuture<'_, Vec<Result<(), AdminError>>> {
        Box::pin(async { Vec::new() })
    }

    fn delete_records(
        &self,
        _: TopicPartition,
        _: Offset,
    ) -> BoxFuture<'_, Result<Offset, AdminError>> {
        Box::pin(async { Err(AdminError::Broker(BrokerError::Closed)) })
    }

    fn groups(&self) -> BoxFuture<'_, Result<Vec<GroupInfo>, BrokerError>> {
        unused()
    }

    fn committed(
        &self,
        _: String,
    ) -> BoxFuture<'_, Result<Vec<(TopicPartition, Committed)>, BrokerError>> {
        unused()
    }

    fn lag(
        &self,
        _: String,
        _: TopicName,
    ) -> BoxFuture<'_, Result<Vec<PartitionLag>, BrokerError>> {
        unused()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

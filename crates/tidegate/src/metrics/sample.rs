//! What has to be asked for: how far behind a service is, and whether its stores answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use tokio::time::timeout;

use super::service::Member;
use crate::broker::sync::lock;
use crate::consumer::runtime::NamedStore;
use crate::message::{TopicName, TopicPartition};

/// What is younger is not asked for again.
const FRESH: Duration = Duration::from_secs(5);

/// So long an answer may take: a store that needs longer is of no use just now.
const ANSWER: Duration = Duration::from_millis(900);

/// A scrape waits no longer, also when it waits for another one's answers first.
pub(super) const LONGEST: Duration = Duration::from_secs(1);

/// The last answers.
#[derive(Debug, Default)]
pub(super) struct Sample(Mutex<Answers>);

#[derive(Debug, Default, Clone)]
pub(super) struct Answers {
    /// When all topics were answered.
    pub(super) at: Option<Instant>,
    /// When they were asked last.
    asked: Option<Instant>,
    /// Records behind the last commit.
    pub(super) lag: BTreeMap<TopicPartition, u64>,
    /// Whether each store can be used.
    pub(super) stores: BTreeMap<&'static str, bool>,
}

impl Sample {
    pub(super) fn read(&self) -> Answers {
        lock(&self.0).clone()
    }

    /// Whether it was asked for lately, answered or not: a question may go on where nobody waits for it any more.
    fn is_fresh(&self) -> bool {
        lock(&self.0).asked.is_some_and(|at| at.elapsed() < FRESH)
    }
}

/// Side by side.
pub(super) async fn all(members: &[Arc<Member>]) {
    let old = members.iter().filter(|member| !member.sample.is_fresh());
    join_all(old.map(|member| of(member))).await;
}

async fn of(member: &Member) {
    lock(&member.sample.0).asked = Some(Instant::now());
    let (lags, ()) = join(lags(member), stores(member)).await;
    if lags {
        lock(&member.sample.0).at = Some(Instant::now());
    }
}

/// Whether all topics were answered.
async fn lags(member: &Member) -> bool {
    let topics = member.topics().into_iter();
    let answers = join_all(topics.map(|topic| lag(member, topic))).await;
    answers.into_iter().all(|answered| answered)
}

async fn lag(member: &Member, topic: TopicName) -> bool {
    let asked = member.broker.lag(member.group.clone(), topic);
    let Ok(Ok(rows)) = timeout(ANSWER, asked).await else { return false };
    let rows = rows.into_iter().map(|row| (row.partition, row.lag));
    lock(&member.sample.0).lag.extend(rows);
    true
}

/// What all of them say is readiness too: both are told of the same moment.
async fn stores(member: &Member) {
    let Some(plan) = member.meters.plan() else { return };
    let answers = join_all(plan.stores.iter().map(|named| store(member, named))).await;
    let said: Option<Vec<_>> = answers.into_iter().collect();
    if let Some(said) = said {
        member.health.stores_said(said.into_iter().flatten().collect());
    }
}

/// What it says against being used; `None`: nothing, in time.
async fn store(member: &Member, NamedStore { name, store }: &NamedStore) -> Option<Option<String>> {
    let answer = timeout(ANSWER, store.health()).await;
    lock(&member.sample.0).stores.insert(name, matches!(answer, Ok(Ok(()))));
    let cannot = |error| format!("store {name} cannot be used: {error}");
    answer.ok().map(|answer| answer.err().map(cannot))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::{BoxFuture, Broker, NewTopic};
    use crate::clock::Clock;
    use crate::consumer::runtime::Identity;
    use crate::health::Health;
    use crate::inbox::{Claim, Claimed, InboxStore, OutboxRow, StoreError};
    use crate::message::TopicName;
    use crate::meter::Plan;
    use crate::metrics::Metrics;

    /// A store that answers nothing.
    #[derive(Debug)]
    struct Silent;

    impl InboxStore for Silent {
        fn name(&self) -> String {
            "silent".to_owned()
        }
        fn prepare(&self) -> BoxFuture<'_, Result<(), StoreError>> {
            Box::pin(std::future::pending())
        }
        fn own<'a>(
            &'a self,
            _: &'a str,
            _: &'a TopicPartition,
        ) -> BoxFuture<'a, Result<i64, StoreError>> {
            Box::pin(std::future::pending())
        }
        fn claim(&self, _: Claim) -> BoxFuture<'_, Result<Claimed, StoreError>> {
            Box::pin(std::future::pending())
        }
        fn owed<'a>(&'a self, _: &'a Claim) -> BoxFuture<'a, Result<Vec<OutboxRow>, StoreError>> {
            Box::pin(std::future::pending())
        }
        fn strike<'a>(
            &'a self,
            _: &'a Claim,
            _: &'a [u32],
        ) -> BoxFuture<'a, Result<(), StoreError>> {
            Box::pin(std::future::pending())
        }
        fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
            Box::pin(std::future::pending())
        }
    }

    fn plan(topic: &TopicName) -> Plan {
        let identity = Identity { service: "s".into(), group: "g".into() };
        let stores = vec![NamedStore { name: "silent", store: Arc::new(Silent) }];
        Plan::new((identity, Clock::system(), stores), Vec::new(), vec![topic.clone()], 1)
    }

    /// F26: what does not answer holds up no scrape, and what does answer is told.
    #[tokio::test]
    async fn f26_a_store_that_does_not_answer_is_down_and_holds_up_no_scrape() {
        let (broker, topic) = (Broker::in_memory(), TopicName::new("orders").unwrap());
        let made = broker.create_topics(vec![NewTopic::new(topic.clone(), 2)]).await;
        made.into_iter().for_each(|made| made.unwrap());
        let metrics = Metrics::new();
        let member = Member::new("g".to_owned(), broker, Health::default());
        metrics.join(member).start(plan(&topic));
        metrics.sample().await;
        let answers = metrics.members()[0].sample.read();
        assert_eq!(answers.stores.get("silent"), Some(&false));
        assert_eq!(answers.lag.values().copied().collect::<Vec<_>>(), [0, 0]);
        assert!(answers.at.is_some());
    }
}

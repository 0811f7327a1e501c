//! The parent's side of the log: numbered messages, each acknowledged.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream::{FuturesOrdered, StreamExt};
use tidegate::broker::kafka::KafkaOptions;
use tidegate::broker::{Broker, NewTopic, Placed, PublishError};
use tidegate::headers::names;
use tidegate::message::{NewRecord, TopicName};
use tidegate::prelude::Event;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::member::Numbered;

/// Each has its own number range; more than a partition has lanes, so that keys run beside each other.
pub(crate) const KEYS: u32 = 60;

/// Messages of one call.
const BATCH: u32 = 20;

/// What is published, and how quickly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flow {
    pub(crate) messages: u32,
    /// Over which time: zero for all at once.
    pub(crate) over: Duration,
    /// How many milliseconds the so-manyth message takes.
    pub(crate) takes: fn(Self, u32) -> u64,
}

impl Flow {
    /// How many messages a key has.
    pub(crate) fn of_key(&self, key: u32) -> u32 {
        self.messages / KEYS + u32::from(key < self.messages % KEYS)
    }
}

/// The publisher at work.
#[derive(Debug)]
pub(crate) struct Feed {
    runtime: Runtime,
    broker: Broker,
    life: JoinSet<()>,
}

impl Feed {
    /// Creates the topic and begins.
    pub(crate) fn start(address: &str, topic: &str, partitions: u32, flow: Flow) -> Self {
        let runtime = Runtime::new().unwrap();
        let broker = Broker::kafka(KafkaOptions::new(address)).unwrap();
        let topic = TopicName::new(topic).unwrap();
        let new = NewTopic::new(topic.clone(), partitions);
        runtime.block_on(broker.create_topics(vec![new])).remove(0).unwrap();
        let mut life = JoinSet::new();
        life.spawn_on(feed(broker.clone(), topic, flow), runtime.handle());
        Self { runtime, broker, life }
    }

    /// What a group has committed, by partition.
    pub(crate) fn committed(&self, group: &str) -> BTreeMap<u32, u64> {
        let all = self.runtime.block_on(self.broker.committed(group.to_owned())).unwrap();
        all.into_iter().map(|(at, committed)| (at.partition.0, committed.offset.0)).collect()
    }

    /// Whether every message was acknowledged.
    pub(crate) fn done(&mut self) -> bool {
        if let Some(ended) = self.life.try_join_next() {
            ended.unwrap();
        }
        self.life.is_empty()
    }

    /// Waits until every message was acknowledged.
    pub(crate) fn end(&mut self) {
        while let Some(ended) = self.runtime.block_on(self.life.join_next()) {
            ended.unwrap();
        }
    }
}

/// Without a delivery timeout every message is acknowledged, whatever happens to the broker.
async fn feed(broker: Broker, topic: TopicName, flow: Flow) {
    let mut flying = FuturesOrdered::new();
    let pause = flow.over * BATCH / flow.messages;
    let mut clock = tokio::time::interval(pause.max(Duration::from_micros(1)));
    for from in (0..flow.messages).step_by(BATCH as usize) {
        if !pause.is_zero() {
            clock.tick().await;
        }
        let batch = from..flow.messages.min(from + BATCH);
        flying.push_back(broker.publish(batch.map(|n| record(&topic, flow, n)).collect()));
        if flying.len() > 3 {
            acknowledged(flying.next().await.unwrap());
        }
    }
    while let Some(acks) = flying.next().await {
        acknowledged(acks);
    }
}

fn record(topic: &TopicName, flow: Flow, n: u32) -> NewRecord {
    let (key, number) = (n % KEYS, n / KEYS);
    let message = Numbered { key, number, takes: (flow.takes)(flow, n) };
    NewRecord::new(topic.clone())
        .key(format!("k{key}"))
        .value(serde_json::to_vec(&message).unwrap())
        .header(names::EVENT_ID, format!("{topic}-{n}"))
        .header(names::EVENT_TYPE, Numbered::TYPE)
}

fn acknowledged(acks: Vec<Result<Placed, PublishError>>) {
    assert!(acks.iter().all(Result::is_ok), "{acks:?}");
}

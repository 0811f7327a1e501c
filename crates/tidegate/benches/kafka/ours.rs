//! Our side: a service, and a publisher, by the public interface alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tidegate::broker::kafka::KafkaOptions;
use tidegate::codec::{Codec, Decode, DecodeError, Encode, EncodeError};
use tidegate::prelude::*;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::child::Meter;
use crate::lab::BODY;

/// What a handler of [`Consuming::Awaiting`] waits for.
pub(crate) const AWAITED: Duration = Duration::from_millis(10);
/// How many records [`Consuming::Awaiting`] may have running.
pub(crate) const RUNNING: usize = 1_000;
/// Bytes that [`Consuming::Stalled`] may hold.
pub(crate) const BUDGET: usize = 64 << 20;
/// Events in one call of a publisher, and calls under way.
pub(crate) const CALLS: (usize, usize) = (100, 32);
/// Between two looks whether to stop.
const LOOK: Duration = Duration::from_millis(20);
const DAY: Duration = Duration::from_secs(86_400);

/// An event that is its bytes: what is measured is the way to the handler, not a format.
pub(crate) struct Blob(Bytes);

impl Event for Blob {
    const TYPE: &'static str = "bench.happened";
    fn key(&self) -> Key<'_> {
        Key::NONE
    }
}

/// The format of [`Blob`].
#[derive(Clone)]
pub(crate) struct Raw;

impl Codec for Raw {}

impl Decode<Blob> for Raw {
    fn decode(&self, bytes: &[u8]) -> Result<Blob, DecodeError> {
        // Looked at, as the bare loop does.
        std::hint::black_box(bytes);
        Ok(Blob(Bytes::new()))
    }
}

impl Encode<Blob> for Raw {
    fn encode(&self, blob: &Blob) -> Result<Bytes, EncodeError> {
        Ok(blob.0.clone())
    }
}

pub(crate) type Count = Arc<AtomicU64>;

async fn nothing(_: Payload<Blob>, State(count): State<Count>) {
    count.fetch_add(1, Ordering::Relaxed);
}

async fn wait(_: Payload<Blob>, State(count): State<Count>) {
    tokio::time::sleep(AWAITED).await;
    count.fetch_add(1, Ordering::Relaxed);
}

async fn stall(_: Payload<Blob>) {
    std::future::pending::<()>().await;
}

/// How records are handled.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Consuming {
    /// No-op, each partition in order.
    Partition,
    /// No-op, each key in order.
    Key,
    /// 10 ms of awaiting, each key in order.
    Awaiting,
    /// Never done.
    Stalled,
}

/// Runs a service until it is told to stop.
pub(crate) fn consume(brokers: &str, topic: &str, group: &str, how: Consuming, meter: &Meter) {
    let beside = std::future::pending();
    serve_counted(brokers, (topic, group), how, meter, |service| service, beside);
}

/// The same, with something beside it.
pub(crate) fn serve_counted(
    brokers: &str,
    (topic, group): (&str, &str),
    how: Consuming,
    meter: &Meter,
    counted: impl FnOnce(Service<StartFrom>) -> Service<StartFrom>,
    beside: impl Future<Output = ()> + Send + 'static,
) {
    let (topic, count) = (Topic::with_codec(topic, Raw), meter.count.clone());
    let routes = match how {
        Consuming::Partition => topic.on(nothing).order(Order::Partition).with_state(count),
        Consuming::Key => topic.on(nothing).with_state(count),
        Consuming::Awaiting => topic.on(wait).with_state(count),
        Consuming::Stalled => topic.on(stall).timeout(DAY).with_state(count),
    };
    let tuned = |service: Service<StartFrom>| match how {
        Consuming::Awaiting => service.concurrency(RUNNING),
        // By bytes: as records this small its usual bound is far below.
        Consuming::Stalled => service.buffer(usize::MAX / 2, BUDGET),
        Consuming::Partition | Consuming::Key => service,
    };
    serve(brokers, group, routes, meter, |service| counted(tuned(service)), beside);
}

/// Runs a service with these routes until it is told to stop.
pub(crate) fn serve(
    brokers: &str,
    group: &str,
    routes: Router,
    meter: &Meter,
    tuned: impl FnOnce(Service<StartFrom>) -> Service<StartFrom>,
    beside: impl Future<Output = ()> + Send + 'static,
) {
    let runtime = Runtime::new().expect("threads and a poller");
    runtime.block_on(async {
        let broker = Broker::kafka(KafkaOptions::new(brokers)).expect("an address");
        let service = Service::new(group, broker)
            .start_from(StartFrom::Earliest)
            .create_topics(tidegate::service::CreateTopics::Always { partitions: 1 })
            .route(routes);
        let mut besides = JoinSet::new();
        besides.spawn(beside);
        tuned(service).run_until(stopped(meter.clone())).await.expect("a broker that answers");
    });
}

async fn stopped(meter: Meter) {
    while !meter.stop.load(Ordering::Relaxed) {
        tokio::time::sleep(LOOK).await;
    }
}

/// Publishes events, some calls at once, and counts what was acknowledged, until it is told to stop.
pub(crate) fn publish(brokers: &str, topic: &str, meter: &Meter) {
    let runtime = Runtime::new().expect("threads and a poller");
    runtime.block_on(async {
        let broker = Broker::kafka(KafkaOptions::new(brokers)).expect("an address");
        let publisher = Publisher::new(broker.clone());
        let mut calls = JoinSet::new();
        for _ in 0..CALLS.1 {
            calls.spawn(publish_some(publisher.clone(), topic.to_owned(), meter.clone()));
        }
        calls.join_all().await;
        broker.close().await;
    });
}

async fn publish_some(publisher: Publisher, topic: String, meter: Meter) {
    let topic = tidegate::message::TopicName::new(topic).expect("a legal name");
    let body = Bytes::from_static(&[7; BODY]);
    while !meter.stop.load(Ordering::Relaxed) {
        let event = || NewEvent::with(Raw, topic.clone(), Blob(body.clone())).prepare();
        let events = (0..CALLS.0).map(|_| event().expect("a legal event")).collect();
        let published = publisher.send_all(events).await;
        assert!(published.iter().all(Result::is_ok), "{published:?}");
        meter.count.fetch_add(CALLS.0 as u64, Ordering::Relaxed);
    }
}

//! A topic with a batch that is damaged, a service that reads it, and what it tells.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use test_servers::LocalKafka;
use tidegate::broker::Broker;
use tidegate::events::RuntimeEvent;
use tidegate::headers::names;
use tidegate::health::CheckName;
use tidegate::message::{NewRecord, Offset, Partition, TopicPartition};

use crate::damage::{Batch, HEAD, MAGIC};
use crate::notes::{Notes, Running, numbered};
use crate::support::{
    assert_one_line, caught_up, committed, create, options, place, publish, shared, until,
};

/// So many events, in batches that begin at these.
pub(super) const COUNT: u32 = 63;
pub(super) const BATCHES: [u32; 4] = [0, 33, 43, 53];

/// What is done to a batch.
pub(super) type Harm = fn(&Batch);
pub(super) const CHECKSUM: Harm = |batch| batch.flip(batch.size() - 1);
pub(super) const OLD_FORMAT: Harm = |batch| batch.set(MAGIC, 1);
pub(super) const NO_FORMAT: Harm = |batch| batch.set(MAGIC, 7);
/// The first byte of what is compressed: with another one further on it may be read, and be malformed, which nobody tells.
pub(super) const COMPRESSION: Harm = |batch| batch.flip_unseen(HEAD);

/// A topic of two partitions; the first has all events, in batches of their own.
pub(super) struct Stage {
    pub(super) kafka: &'static LocalKafka,
    pub(super) broker: Broker,
    pub(super) topic: &'static str,
    pub(super) damaged: TopicPartition,
    pub(super) batch: Batch,
}

impl Stage {
    pub(super) async fn new(topic: &'static str, codec: &str) -> Self {
        let (kafka, broker) = shared();
        create(&broker, topic, 2).await;
        let options = options(kafka.address()).property("compression.type", codec).unwrap();
        write(&Broker::kafka(options).unwrap(), topic).await;
        let damaged = place(topic, 0);
        let batch = Batch::of(kafka, &damaged, 35);
        Self { kafka, broker, topic, damaged, batch }
    }

    /// The first offset that cannot be read.
    pub(super) fn position(&self) -> Offset {
        Offset(self.batch.offsets().start)
    }

    pub(super) fn start(&self, notes: &Notes) -> (Running, Told) {
        let told = Told::default();
        let hears = told.clone();
        let service = notes.service(&self.broker, self.topic, self.topic);
        let service = service.observe(move |event| hears.0.lock().unwrap().push(event.clone()));
        (Running::start(service), told)
    }

    /// It was told at least twice: it was tried again meanwhile. Nothing from there on is noted, or committed.
    // TROUBLESHOOTING: corrupt-batch
    pub(super) async fn stands(&self, (service, told): &(Running, Told), notes: &Notes) {
        until("told twice", async || told.positions().len() > 1).await;
        assert!(told.positions().iter().all(|at| *at == self.position()), "{:?}", told.positions());
        let position = self.position();
        notes.reach(position.0 as u32).await;
        until("committed up to there", async || self.committed().await == Some(position)).await;
        let readiness = service.health.readiness();
        assert_eq!(readiness.failing().collect::<Vec<_>>(), [CheckName::Corruption]);
        let why = readiness.reasons().next().unwrap();
        let what = format!("{} cannot be read from offset {position} on: ", self.damaged);
        assert_one_line(why, &[&what, ": nothing behind it is delivered"]);
        assert_eq!(u64::from(notes.count().await), position.0);
    }

    pub(super) async fn committed(&self) -> Option<Offset> {
        committed(&self.broker, self.topic, &self.damaged).await.map(|committed| committed.offset)
    }

    /// Everything is noted once, and committed.
    pub(super) async fn is_whole(&self, service: Running, notes: &Notes, flowed: u32) {
        notes.reach(COUNT + flowed).await;
        until("ready again", async || service.health.readiness().is_ready()).await;
        caught_up(&self.broker, self.topic, self.topic).await;
        service.stop().await;
        assert_eq!(self.committed().await, Some(Offset(COUNT.into())));
        let mut noted = notes.by_key().await;
        let other = noted.remove("other").unwrap_or_default();
        assert_eq!(other, (0..flowed).collect::<Vec<_>>());
        assert_eq!(noted, expected(0..COUNT));
    }
}

pub(super) async fn write(broker: &Broker, topic: &str) {
    let ends = BATCHES.iter().skip(1).copied().chain([COUNT]);
    for (first, end) in BATCHES.into_iter().zip(ends) {
        let records = (first..end).map(|n| numbered(topic, n).partition(Partition(0)));
        publish(broker, records.collect()).await;
    }
}

/// The numbers of each key of these events.
pub(super) fn expected(events: impl Iterator<Item = u32>) -> BTreeMap<String, Vec<u32>> {
    let mut keys = BTreeMap::<_, Vec<_>>::new();
    events.for_each(|n| keys.entry(format!("k{}", n % 7)).or_default().push(n / 7));
    keys
}

/// One of the other partition.
pub(super) fn other(topic: &str, n: u32) -> NewRecord {
    let mut record = numbered(topic, 0).partition(Partition(1));
    record.headers.replace(names::EVENT_ID, format!("{topic}-other-{n}"));
    record.key("other").value(format!(r#"{{"key":"other","n":{n}}}"#))
}

/// What a service has told.
#[derive(Default, Clone)]
pub(super) struct Told(Arc<Mutex<Vec<RuntimeEvent>>>);

impl Told {
    pub(super) fn positions(&self) -> Vec<Offset> {
        let told = self.0.lock().unwrap();
        let position = |event: &RuntimeEvent| match event {
            RuntimeEvent::CorruptBatch { position, .. } => Some(*position),
            _ => None,
        };
        told.iter().filter_map(position).collect()
    }

    pub(super) fn count(&self, is: fn(&RuntimeEvent) -> bool) -> usize {
        self.0.lock().unwrap().iter().filter(|event| is(event)).count()
    }
}

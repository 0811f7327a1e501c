//! A compacted topic that is written until its process is killed: of each key the newest acknowledged record is there.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use tidegate::broker::embedded::{EmbeddedBroker, EmbeddedOptions};
use tidegate::broker::{Broker, FetchLimit, NewTopic};
use tidegate::message::{NewRecord, Offset, Partition, Record, TopicName, TopicPartition};

use super::say;

/// So many keys, with values of up to 40 kB: some pieces for each round of compaction.
const KEYS: u64 = 60;

fn topic() -> TopicName {
    TopicName::new("kept").unwrap()
}

/// The record of an id; the same whoever asks. Now and then a tombstone.
fn expected(id: u64) -> NewRecord {
    let mut random = fastrand::Rng::with_seed(id);
    let record = NewRecord::new(topic()).key(random.u64(..KEYS).to_le_bytes().to_vec());
    let record = record.header("id", id.to_string());
    if random.u8(..) < 20 {
        return record;
    }
    let mut value = vec![0; random.usize(..40_000)];
    random.fill(&mut value);
    record.value(value)
}

pub(crate) async fn create(folder: &Path) {
    let broker = Broker::embedded(folder).unwrap();
    broker.create_topics(vec![NewTopic::new(topic(), 1).compacted()]).await.remove(0).unwrap();
    broker.close().await;
}

/// Writes, says what was acknowledged, and compacts as often as it can.
pub(crate) async fn write_for_ever(folder: &Path, round: u32) {
    let options = EmbeddedOptions::new(folder).upkeep_every(Duration::from_millis(1));
    let broker = EmbeddedBroker::open(options.keep_tombstones(Duration::ZERO)).unwrap();
    let broker = Broker::new(broker);
    // The test harness may have begun a line.
    say("\n");
    let mut ids = u64::from(round) * 1_000_000..;
    loop {
        let some: Vec<u64> = ids.by_ref().take(1 + fastrand::usize(..20)).collect();
        let acks = broker.publish(some.iter().map(|id| expected(*id)).collect()).await;
        let line = |(id, ack): (&u64, Result<tidegate::broker::Placed, _>)| {
            format!("kept {} {id}\n", ack.unwrap().offset)
        };
        say(&some.iter().zip(acks).map(line).collect::<String>());
    }
}

/// What the children said before they died: the id at each acknowledged offset.
#[derive(Default)]
pub(crate) struct Kept(BTreeMap<u64, u64>);

impl Kept {
    pub(crate) fn hear(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        if words[0] == "kept" {
            self.0.insert(words[1].parse().unwrap(), words[2].parse().unwrap());
        }
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.0.len()
    }

    /// Looks at everything; answers with how many records are left. What is there was written, also where the child died before
    /// it said so: a tombstone of those may remove what was acknowledged before it, and go itself.
    pub(crate) async fn check(&mut self, folder: &Path) -> usize {
        let broker = Broker::embedded(folder).unwrap();
        let left = read(&broker).await;
        broker.close().await;
        let ids: BTreeMap<_, _> = left.iter().map(|r| (r.offset.0, whole(r))).collect();
        assert!(left.is_sorted_by(|a, b| a.offset < b.offset), "another order");
        for (offset, id) in &self.0 {
            assert!(ids.get(offset).is_none_or(|found| found == id), "another record at {offset}");
        }
        let newest: BTreeMap<_, _> = self.0.iter().map(|(at, id)| (key(*id), (*at, *id))).collect();
        for (key, (offset, id)) in newest {
            let after = left.iter().any(|r| r.offset.0 >= offset && r.key.as_deref() == Some(&key));
            let before = left.iter().any(|r| r.key.as_deref() == Some(&key));
            // A tombstone that has done its work may have gone, with everything that it removes.
            let gone = expected(id).value.is_none() && !before;
            assert!(after || gone, "the newest of key {key:?}, acknowledged at {offset}, is lost");
        }
        self.0.extend(ids);
        left.len()
    }
}

fn key(id: u64) -> Vec<u8> {
    expected(id).key.unwrap().to_vec()
}

async fn read(broker: &Broker) -> Vec<Record> {
    let place = TopicPartition::new(topic(), Partition(0));
    let (mut records, mut from) = (Vec::new(), Offset(0));
    let end = broker.watermarks(place.clone()).await.unwrap().end;
    while from < end {
        let fetched = broker.fetch(place.clone(), from, FetchLimit::default()).await.unwrap();
        from = fetched.next;
        records.extend(fetched.records);
    }
    records
}

/// Checks a record against what its id says it must be.
fn whole(record: &Record) -> u64 {
    let id = record.headers.text("id").unwrap().parse().unwrap();
    let expected = expected(id);
    assert_eq!(record.key, expected.key, "torn: {id}");
    assert_eq!(record.value, expected.value, "torn: {id}");
    id
}

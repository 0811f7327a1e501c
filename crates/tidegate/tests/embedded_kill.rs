//! A process that publishes is killed with -9 at random moments, and everything that it was
//! acknowledged is there afterwards; of a compacted topic the newest of each key.
//!
//! The parent starts this very binary again as the child, reads its acknowledgements from a pipe,
//! kills it as soon as it has seen some, opens the folder, and compares. `KILL_SEED` repeats a run, `KILL_ROUNDS` says
//! how many kills it has.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod kill;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kill::keys::{self, Kept};
use kill::process::{random, rounds, run_and_kill};
use kill::{FOLDER, GROUP, PARTITIONS, ROUND, expected, metadata, place};
use tidegate::broker::{Broker, FetchLimit};
use tidegate::message::{Offset, Record};

/// What the children said before they died.
#[derive(Default)]
struct Said {
    /// Partition and offset of each acknowledged record, and its id.
    acknowledged: BTreeMap<(u32, u64), u64>,
    /// The last acknowledged commit of each partition.
    committed: BTreeMap<u32, u64>,
}

impl Said {
    fn hear(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        let number = |at: usize| words[at].parse::<u64>().unwrap();
        match words[0] {
            "ack" => drop(self.acknowledged.insert((number(1) as u32, number(2)), number(3))),
            "commit" => drop(self.committed.insert(number(1) as u32, number(2))),
            _ => {}
        }
    }
}

#[test]
fn kill_9_loses_nothing_acknowledged() {
    let mut random = random();
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(create(folder.path()));
    let mut said = Said::default();
    let mut verified = vec![0; PARTITIONS as usize];
    for round in 0..rounds() {
        let before = said.acknowledged.len();
        let enough = before + random.usize(1..60);
        run_and_kill("child", folder.path(), round, |line| {
            said.hear(line);
            said.acknowledged.len() >= enough
        });
        assert!(said.acknowledged.len() > before, "round {round} did nothing");
        runtime.block_on(check(folder.path(), &said, &mut verified));
    }
    // Once more, all of it: nothing that was right is wrong now, and no id came twice.
    let ids = runtime.block_on(check(folder.path(), &said, &mut vec![0; PARTITIONS as usize]));
    assert!(ids.len() >= said.acknowledged.len());
    eprintln!("{} kills, {} records acknowledged", rounds(), said.acknowledged.len());
}

#[test]
fn kill_9_leaves_the_newest_of_each_key() {
    let mut random = random();
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(keys::create(folder.path()));
    let (mut kept, mut left) = (Kept::default(), 0);
    for round in 0..rounds().div_ceil(2) {
        let enough = kept.acknowledged() + random.usize(1..150);
        run_and_kill("writer", folder.path(), round, |line| {
            kept.hear(line);
            kept.acknowledged() >= enough
        });
        left = runtime.block_on(kept.check(folder.path()));
    }
    let acknowledged = kept.acknowledged();
    assert!(left < acknowledged / 2, "hardly compacted: {left} of {acknowledged} are left");
    eprintln!("{acknowledged} records acknowledged, {left} left");
}

/// The process that is killed.
#[test]
#[ignore = "started by the other test, which kills it"]
fn child() {
    let folder = std::env::var(FOLDER).unwrap();
    let round = std::env::var(ROUND).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(kill::publish_for_ever(Path::new(&folder), round));
}

/// The one that is killed while it compacts.
#[test]
#[ignore = "started by the other test, which kills it"]
fn writer() {
    let folder = std::env::var(FOLDER).unwrap();
    let round = std::env::var(ROUND).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(keys::write_for_ever(Path::new(&folder), round));
}

async fn create(folder: &Path) {
    let broker = Broker::embedded(folder).unwrap();
    let topic = tidegate::broker::NewTopic::new(kill::topic(), PARTITIONS);
    broker.create_topics(vec![topic]).await.remove(0).unwrap();
    broker.close().await;
}

/// Compares everything from `verified` on; answers with the ids found.
async fn check(folder: &Path, said: &Said, verified: &mut [u64]) -> BTreeSet<u64> {
    let broker = Broker::embedded(folder).unwrap();
    let committed = broker.committed(GROUP.into()).await.unwrap();
    let mut ids = BTreeSet::new();
    for partition in 0..PARTITIONS {
        let from = &mut verified[partition as usize];
        let bounds = broker.watermarks(place(partition)).await.unwrap();
        let records = read(&broker, partition, *from).await;
        assert_eq!(records.len() as u64, bounds.end.0 - *from, "offsets have no gaps");
        for (record, offset) in records.iter().zip(*from..) {
            assert_eq!(record.offset, Offset(offset));
            assert!(ids.insert(whole(record)), "an id came twice");
        }
        for ((_, offset), id) in said.acknowledged.range((partition, *from)..(partition + 1, 0)) {
            let record = records.get((offset - *from) as usize).expect("acknowledged, and lost");
            assert_eq!(whole(record), *id, "another record at {partition}/{offset}");
        }
        let stored = committed.iter().find(|(p, _)| *p == place(partition)).map(|(_, c)| c);
        let at = stored.map_or(0, |c| c.offset.0);
        assert!(at >= said.committed.get(&partition).copied().unwrap_or(0), "a commit was lost");
        assert!(at <= bounds.end.0, "committed beyond the end");
        stored.inspect(|c| assert_eq!(c.metadata, metadata(c.offset.0)));
        *from = bounds.end.0;
    }
    broker.close().await;
    ids
}

async fn read(broker: &Broker, partition: u32, mut from: u64) -> Vec<Record> {
    let mut records = Vec::new();
    loop {
        let limit = FetchLimit::default();
        let fetched = broker.fetch(place(partition), Offset(from), limit).await.unwrap();
        if fetched.records.is_empty() {
            return records;
        }
        from = fetched.next.0;
        records.extend(fetched.records);
    }
}

/// Checks a record against what its id says it must be.
fn whole(record: &Record) -> u64 {
    let key: [u8; 8] = record.key.as_ref().unwrap().as_ref().try_into().unwrap();
    let id = u64::from_le_bytes(key);
    let expected = expected(id);
    assert_eq!(record.value, expected.value, "torn: {id}");
    assert_eq!(record.headers, expected.headers, "torn: {id}");
    id
}

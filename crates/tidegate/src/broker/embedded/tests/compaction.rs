//! Compaction, step by step and over time.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::broker::embedded::store::clean::Clean;
use crate::broker::embedded::store::tables::{BATCHES, CLEAN, all_of};
use crate::clock::Clock;
use crate::clock::virtual_time::VirtualClock;
use crate::message::{Record, Timestamp};

const DAY: Duration = Duration::from_secs(86_400);

/// A compacted log of one partition, over memory that outlives it, and the time that it goes by.
struct Rig {
    disk: Disk,
    time: VirtualClock,
    log: EmbeddedBroker,
}

impl Rig {
    async fn new() -> Self {
        let (disk, time) = (Disk::default(), VirtualClock::new());
        let log = open(&disk, &time, |options| options);
        let topic = NewTopic::new(topic(), 1).compacted();
        log.create_topics(vec![topic]).await.remove(0).unwrap();
        Self { disk, time, log }
    }

    /// The same storage under a new log, as after a crash.
    fn reopen(&mut self, change: impl FnOnce(EmbeddedOptions) -> EmbeddedOptions) {
        self.log = EmbeddedBroker::in_memory();
        self.log = open(&self.disk, &self.time, change);
    }

    async fn publish(&self, records: Vec<NewRecord>) {
        assert!(self.log.publish(records).await.iter().all(Result::is_ok));
    }

    /// Time goes on, and the log has looked what is to be done, and has done it.
    async fn after(&self, time: Duration) {
        self.time.advance(time);
        for _ in 0..3 {
            self.settle().await;
            self.time.advance(Duration::from_secs(15));
        }
    }

    /// What is due now is done. One step at least is done between two jobs; these logs are small.
    async fn settle(&self) {
        for _ in 0..8 {
            self.log.0.flush().await.unwrap();
        }
    }

    async fn left(&self) -> Vec<Record> {
        let all = FetchLimit { records: usize::MAX, bytes: usize::MAX, ..FetchLimit::default() };
        self.log.fetch(place(), Offset(0), all).await.unwrap().records
    }

    async fn offsets(&self) -> Vec<u64> {
        self.left().await.iter().map(|record| record.offset.0).collect()
    }

    /// What the file says of how far it is clean, and the bytes that it really holds.
    fn clean(&self) -> (Clean, u64) {
        let partition = self.log.0.log.partition(&place()).unwrap();
        let read = self.log.0.store.read(|transaction| {
            let clean = Clean::load(&transaction.open_table(CLEAN)?, partition.key)?;
            let batches = transaction.open_table(BATCHES)?;
            let mut bytes = 0;
            for entry in batches.range(all_of(partition.key))? {
                bytes += entry?.1.value().len() as u64;
            }
            Ok((clean, bytes))
        });
        read.unwrap()
    }
}

/// No tail: what is read is what the file has.
fn open(
    disk: &Disk,
    time: &VirtualClock,
    change: impl FnOnce(EmbeddedOptions) -> EmbeddedOptions,
) -> EmbeddedBroker {
    let options = change(options().clock(Clock::Virtual(time.clone())));
    EmbeddedBroker::over(SharedBackend::new(disk.clone()), &options).unwrap()
}

fn keyed(key: &str, value: impl ToString) -> NewRecord {
    NewRecord::new(topic()).key(key.to_owned()).value(value.to_string())
}

fn tombstone(key: &str) -> NewRecord {
    NewRecord::new(topic()).key(key.to_owned())
}

#[tokio::test]
async fn what_is_left_is_the_newest_of_each_key_in_its_place() {
    let rig = Rig::new().await;
    for n in 0..20 {
        rig.publish(vec![keyed(["a", "b", "c"][n % 3], n), keyed("d", n)]).await;
    }
    rig.after(Duration::ZERO).await;
    assert_eq!(rig.offsets().await, [34, 36, 38, 39]);
    let values: Vec<_> = rig.left().await.iter().map(|r| r.value.clone().unwrap()).collect();
    assert_eq!(values, ["17", "18", "19", "19"]);
    assert_eq!(rig.log.watermarks(place()).await.unwrap().end, Offset(40));
    let (clean, bytes) = rig.clean();
    assert_eq!((clean.to, clean.bytes, clean.dirty), (40, bytes, 0));
}

/// Half of it must be dirty, or each new record would cost a pass over all.
#[tokio::test]
async fn a_round_waits_until_half_is_dirty() {
    let rig = Rig::new().await;
    rig.publish((0..100).map(|n| keyed(&n.to_string(), n)).collect()).await;
    rig.after(Duration::ZERO).await;
    rig.publish((0..40).map(|n| keyed(&n.to_string(), "new")).collect()).await;
    rig.after(DAY).await;
    assert_eq!(rig.offsets().await.len(), 140, "two fifths of what is clean");
    rig.publish((0..60).map(|n| keyed(&n.to_string(), "newer")).collect()).await;
    rig.after(Duration::ZERO).await;
    assert_eq!(rig.offsets().await, (60..100).chain(140..200).collect::<Vec<_>>());
}

/// Memory has what the file has: who reads at the end is not told what is gone.
#[tokio::test]
async fn what_is_gone_from_the_file_is_gone_from_memory() {
    let mut rig = Rig::new().await;
    rig.reopen(|options| options.tail_bytes(1 << 20));
    rig.publish((0..10).map(|n| keyed("a", n)).collect()).await;
    assert_eq!(rig.offsets().await.len(), 10);
    rig.after(Duration::ZERO).await;
    assert_eq!(rig.offsets().await, [9]);
    rig.publish(vec![keyed("b", 10)]).await;
    assert_eq!(rig.offsets().await, [9, 10]);
}

/// A tombstone stays for a day from when its key's older records are gone, also over a restart.
#[tokio::test]
async fn a_tombstone_stays_for_a_day_from_when_its_work_is_done() {
    let mut rig = Rig::new().await;
    rig.publish(vec![keyed("a", 0), tombstone("a"), keyed("b", 2)]).await;
    rig.time.advance(DAY * 3);
    rig.after(Duration::ZERO).await;
    assert_eq!(rig.offsets().await, [1, 2], "old as it is, its work is just done");
    rig.after(DAY - Duration::from_secs(600)).await;
    assert_eq!(rig.offsets().await, [1, 2]);
    rig.reopen(|options| options);
    rig.after(Duration::ZERO).await;
    assert_eq!(rig.offsets().await, [1, 2]);
    rig.after(Duration::from_secs(600)).await;
    assert_eq!(rig.offsets().await, [2], "though nothing was written since");
}

/// As in Kafka, whose cleaner leaves the active segment alone: or an end would have no record behind which it is.
#[tokio::test]
async fn the_newest_record_stays_whatever_it_is() {
    let rig = Rig::new().await;
    rig.publish(vec![keyed("a", 0), tombstone("a")]).await;
    rig.after(Duration::ZERO).await;
    rig.after(DAY * 2).await;
    assert_eq!(rig.offsets().await, [1]);
    rig.publish(vec![keyed("b", 2)]).await;
    rig.after(Duration::ZERO).await;
    rig.after(DAY).await;
    assert_eq!(rig.offsets().await, [2]);
}

/// A tombstone that came while others waited has its own day.
#[tokio::test]
async fn a_later_tombstone_has_its_own_day() {
    let rig = Rig::new().await;
    rig.publish(vec![keyed("a", 0), tombstone("a"), keyed("z", 2)]).await;
    rig.after(Duration::ZERO).await;
    rig.after(DAY / 2).await;
    rig.publish((0..3).map(|n| keyed("b", n)).chain([tombstone("b"), keyed("z", 7)]).collect())
        .await;
    rig.after(Duration::ZERO).await;
    assert_eq!(rig.offsets().await, [1, 6, 7]);
    rig.after(DAY / 2).await;
    assert_eq!(rig.offsets().await, [6, 7]);
    rig.after(DAY / 2).await;
    assert_eq!(rig.offsets().await, [6, 7], "half a day since its turn began");
    rig.after(DAY / 2).await;
    assert_eq!(rig.offsets().await, [7]);
}

/// Several batches, of which earlier ones have later times: what is found by halving goes by the newest time so far.
#[tokio::test]
async fn times_are_found_over_what_was_compacted() {
    let rig = Rig::new().await;
    let large = "x".repeat(40_000);
    let times = [50, 100, 60, 70, 55, 90, 65];
    for (n, time) in times.into_iter().enumerate() {
        let mut record = keyed(&(n % 6).to_string(), &large);
        record.timestamp = Some(Timestamp(time));
        rig.publish(vec![record]).await;
    }
    rig.after(Duration::ZERO).await;
    assert_eq!(rig.offsets().await, [1, 2, 3, 4, 5, 6], "one of each key");
    for time in 0..110 {
        let left = times.iter().zip(0..).skip(1);
        let expected = left.into_iter().find(|(at, _)| **at >= time).map(|(_, n)| Offset(n));
        let found = rig.log.offset_for_time(place(), Timestamp(time)).await.unwrap();
        assert_eq!(found, expected, "time {time}");
    }
}

#[tokio::test]
async fn deleted_records_count_no_more_and_come_back_no_more() {
    let rig = Rig::new().await;
    rig.publish((0..50).map(|n| keyed(&n.to_string(), n)).collect()).await;
    rig.publish((50..100).map(|n| keyed(&n.to_string(), n)).collect()).await;
    rig.after(Duration::ZERO).await;
    rig.publish((0..10).map(|n| keyed("x", n)).collect()).await;
    rig.log.delete_records(place(), Offset(75)).await.unwrap();
    let (clean, bytes) = rig.clean();
    assert_eq!(clean.bytes + clean.dirty, bytes, "a batch of which a half is deleted counts");
    rig.publish((0..60).map(|n| keyed("x", n)).collect()).await;
    rig.after(Duration::ZERO).await;
    let left = fetch(&rig.log, 75).await.unwrap().records;
    let offsets: Vec<_> = left.iter().map(|record| record.offset.0).collect();
    assert_eq!(offsets, (75..100).chain([169]).collect::<Vec<_>>());
    let (clean, bytes) = rig.clean();
    assert_eq!((clean.bytes, clean.dirty), (bytes, 0));
    // What is left stands in one batch, which has a gap and ends behind it.
    rig.log.delete_records(place(), Offset(120)).await.unwrap();
    let left = fetch(&rig.log, 120).await.unwrap().records;
    assert_eq!(left.iter().map(|record| record.offset.0).collect::<Vec<_>>(), [169]);
}

/// Each fsync of a round may be its last one: the next life has the newest of each key, and goes on.
#[tokio::test]
async fn a_round_that_is_cut_off_anywhere_loses_nothing_and_is_done_again() {
    let rig = Rig::new().await;
    let large = "x".repeat(250_000);
    rig.publish((0..12).map(|n| keyed(&(n % 4).to_string(), format!("{n}{large}"))).collect())
        .await;
    rig.disk.keep_copies();
    rig.after(Duration::ZERO).await;
    let copies = rig.disk.copies();
    assert!(
        copies.len() >= 3,
        "two pieces from which something goes, and an end: {}",
        copies.len()
    );
    let mut seen = Vec::new();
    for disk in copies {
        let log = open(&disk, &rig.time, |options| options);
        let next = Rig { disk, time: rig.time.clone(), log };
        seen.push(next.offsets().await);
        next.after(Duration::ZERO).await;
        assert_eq!(next.offsets().await, [8, 9, 10, 11], "cut off at {seen:?}");
    }
    assert!(seen.iter().all(|left| left.ends_with(&[8, 9, 10, 11])), "{seen:?}");
    assert!(seen.iter().any(|left| left.len() > 4 && left.len() < 12), "{seen:?}");
}

/// A disk that fails costs a round, and nothing else.
#[tokio::test]
async fn a_disk_that_fails_in_a_round_harms_nothing() {
    let rig = Rig::new().await;
    rig.publish((0..10).map(|n| keyed("a", n)).collect()).await;
    rig.disk.no_sync.store(true, Ordering::SeqCst);
    rig.after(Duration::ZERO).await;
    rig.disk.no_sync.store(false, Ordering::SeqCst);
    rig.after(Duration::from_secs(15)).await;
    assert_eq!(rig.offsets().await, [9]);
}

/// What compaction may leave of these records, by the rules: whatever it has done so far.
fn check(left: &[Record], written: &[(u8, Option<u32>)]) {
    let mut newest = BTreeMap::new();
    newest.extend(written.iter().zip(0_u64..).map(|((key, value), at)| (*key, (at, *value))));
    assert!(left.is_sorted_by(|a, b| a.offset < b.offset));
    for record in left {
        let (key, value) = written[record.offset.0 as usize];
        assert_eq!(record.key.as_deref(), Some([key].as_slice()));
        assert_eq!(
            record.value.as_deref(),
            value.map(|v| v.to_le_bytes()).as_ref().map(|v| &v[..])
        );
        assert_eq!(record.timestamp, time_of(record.offset.0));
    }
    let has = |at: u64| left.iter().any(|record| record.offset.0 == at);
    for (key, (at, value)) in newest {
        // Of a tombstone that may have gone, nothing older may be there.
        let older = left.iter().any(|r| r.offset.0 < at && r.key.as_deref() == Some(&[key]));
        assert!(has(at) || (value.is_none() && !older), "the newest of key {key}");
    }
}

/// Not in order.
fn time_of(offset: u64) -> Timestamp {
    Timestamp(1_000_000 + (offset as i64 * 7) % 31)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is written, deleted and waited for in whatever order: the newest stay, nothing moves, times are found.
    #[test]
    fn whatever_is_written_the_newest_of_each_key_is_there(
        rounds in prop::collection::vec(
            (prop::collection::vec((0_u8..6, prop::option::weighted(0.8, any::<u32>())), 0..12), 0_u8..4),
            1..12,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut rig = Rig::new().await;
            let mut written = Vec::new();
            for (records, then) in rounds {
                let new: Vec<_> = records.iter().zip(written.len() as u64..).map(|((key, value), at)| {
                    let mut record = NewRecord::new(topic()).key(vec![*key]);
                    record.timestamp = Some(time_of(at));
                    record.value = value.map(|value| value.to_le_bytes().to_vec().into());
                    record
                }).collect();
                rig.publish(new).await;
                written.extend(records);
                match then {
                    0 => rig.after(DAY).await,
                    1 => rig.after(Duration::ZERO).await,
                    2 => rig.reopen(|options| options),
                    _ => {}
                }
                rig.settle().await;
                let left = rig.left().await;
                check(&left, &written);
                for time in 1_000_000..1_000_031 {
                    let expected = left.iter().find(|r| r.timestamp.0 >= time).map(|r| r.offset);
                    let found = rig.log.offset_for_time(place(), Timestamp(time)).await.unwrap();
                    assert_eq!(found, expected, "time {time}");
                }
            }
        });
    }
}

//! G7 and G7-batch: what the log costs an order that comes in over HTTP.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tidegate::broker::{Broker, FetchLimit};
use tidegate::headers::Header;
use tidegate::message::{NewRecord, Offset, Partition, Record, TopicPartition};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::bodies::{BATCH, ORDER, batch};
use crate::generator::{Shots, request, shoot};
use crate::instant_log::InstantLog;
use crate::rows::Row;
use crate::served::{PARTITIONS, embedded, runtime, serve, topic};

const CONNECTIONS: usize = 256;
const BATCH_CONNECTIONS: usize = 32;
const ROUND: Duration = Duration::from_secs(2);
const PAIRS: usize = 9;

/// On the disk of the build, not in memory: an acknowledgement must cost what it costs.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("target can be written")
}

/// G7: POST of one order, acknowledged, against the same route over a log that keeps nothing.
pub(crate) fn one_by_one() -> Row {
    let (runtime, folder) = (runtime(), folder());
    let kept = serve(&runtime, embedded(&runtime, folder.path()), folder.path());
    let bare = serve(&runtime, Broker::new(InstantLog::default()), folder.path());
    let post = request("/api/v1/orders", ORDER);
    let shoot = |address| shoot(address, Arc::clone(&post), CONNECTIONS, ROUND).per_second();
    let pairs = Pairs::of(|| shoot(kept), || shoot(bare));
    Row {
        id: "G7",
        ratio: pairs.ratio(),
        floor: Some(0.50),
        goal: Some(0.70),
        lower_is_better: false,
        unit: "ratio",
        settings: format!(
            "POST, fsynced before each 202: {:.0}/s, without a broker {:.0}/s; {CONNECTIONS} connections, {}",
            pairs.ours(),
            pairs.theirs(),
            pairs.settings()
        ),
    }
}

/// G7-batch: arrays of 100, against publishing the same records with no HTTP at all.
pub(crate) fn in_batches() -> Row {
    let (runtime, folder) = (runtime(), folder());
    let broker = embedded(&runtime, folder.path());
    let address = serve(&runtime, broker.clone(), folder.path());
    let post = request("/api/v1/orders/batch", &batch());
    let over_http = |time| {
        let shots = shoot(address, Arc::clone(&post), BATCH_CONNECTIONS, time);
        shots.per_second() * BATCH as f64
    };
    over_http(Duration::from_millis(100));
    let batches: Vec<_> =
        (0..BATCH_CONNECTIONS).map(|_| runtime.block_on(published(&broker))).collect();
    let bare = || publish(&runtime, &broker, &batches).per_second() * BATCH as f64;
    let pairs = Pairs::of(|| over_http(ROUND), bare);
    Row {
        id: "G7-batch",
        ratio: pairs.ratio(),
        floor: Some(0.40),
        goal: Some(0.60),
        lower_is_better: false,
        unit: "ratio",
        settings: format!(
            "orders in arrays of {BATCH}: {:.0}/s, bare publishing {:.0}/s; {BATCH_CONNECTIONS} in flight, {}",
            pairs.ours(),
            pairs.theirs(),
            pairs.settings()
        ),
    }
}

/// A batch of records as the producer wrote them, byte for byte, spread over the partitions as it spreads them.
async fn published(broker: &Broker) -> Vec<NewRecord> {
    let mut records = Vec::with_capacity(BATCH);
    for number in 0..PARTITIONS {
        let place = TopicPartition::new(topic(), Partition(number));
        let share = (BATCH - records.len()).div_ceil((PARTITIONS - number) as usize);
        let limit = FetchLimit { records: share, ..FetchLimit::default() };
        let fetched = broker.fetch(place, Offset(0), limit).await.expect("records were published");
        records.extend(fetched.records.into_iter().map(owned));
    }
    assert_eq!(records.len(), BATCH, "the warm-up published more than this");
    records
}

/// The same bytes in memory of their own, as whoever makes a record has them.
fn owned(record: Record) -> NewRecord {
    let copy = |bytes: Option<Bytes>| bytes.map(|bytes| Bytes::copy_from_slice(&bytes));
    let mut new = NewRecord::new(topic());
    (new.key, new.value) = (copy(record.key), copy(record.value));
    let header = |header: &Header| Header { value: copy(header.value.clone()), ..header.clone() };
    new.headers = record.headers.iter().map(header).collect();
    new
}

/// Publishes each of the batches again and again: as many are in flight as there are connections, and none shares memory
/// with another.
fn publish(runtime: &Runtime, broker: &Broker, batches: &[Vec<NewRecord>]) -> Shots {
    runtime.block_on(async {
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for records in batches {
            let (broker, records) = (broker.clone(), records.clone());
            tasks.spawn(async move {
                let mut batches = 0;
                while started.elapsed() < ROUND {
                    let acks = broker.publish(records.clone()).await;
                    assert!(acks.iter().all(Result::is_ok), "{acks:?}");
                    batches += 1;
                }
                batches
            });
        }
        let answered = tasks.join_all().await.into_iter().sum();
        Shots { answered, took: started.elapsed() }
    })
}

/// Runs of both sides, taken in turn.
struct Pairs(Vec<(f64, f64)>);

impl Pairs {
    /// The side that begins changes with each pair; a first pair warms up and is dropped.
    fn of(mut ours: impl FnMut() -> f64, mut theirs: impl FnMut() -> f64) -> Self {
        let mut pair = |swapped: bool| {
            if swapped {
                let theirs = theirs();
                return (ours(), theirs);
            }
            let ours = ours();
            (ours, theirs())
        };
        pair(false);
        Self((0..PAIRS).map(|round| pair(round % 2 == 1)).collect())
    }

    fn ratio(&self) -> f64 {
        median(self.0.iter().map(|(ours, theirs)| ours / theirs))
    }

    fn ours(&self) -> f64 {
        median(self.0.iter().map(|(ours, _)| *ours))
    }

    fn theirs(&self) -> f64 {
        median(self.0.iter().map(|(_, theirs)| *theirs))
    }

    fn settings(&self) -> String {
        format!("median of {} pairs of {} s", self.0.len(), ROUND.as_secs())
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

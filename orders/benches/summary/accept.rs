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
use crate::log::Log;
use crate::plain::Plain;
use crate::served::{PARTITIONS, runtime, serve, topic};
use crate::table::pairs::{Pairs, ROUND};
use crate::table::rows::Row;

const CONNECTIONS: usize = 256;
const BATCH_CONNECTIONS: usize = 32;

/// On the disk of the build, not in memory: an acknowledgement must cost what it costs.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("target can be written")
}

/// G7: POST of one order, acknowledged, against the same route over a log that keeps nothing.
pub(crate) fn one_by_one(log: Log) -> Row {
    let cluster = log.start();
    let (runtime, folder) = (runtime(), folder());
    let kept = log.open(cluster.as_ref(), &runtime, folder.path());
    let kept = serve(&runtime, kept, folder.path());
    let bare = serve(&runtime, Broker::new(InstantLog::default()), folder.path());
    let post = request("/api/v1/orders", ORDER);
    let shoot = |address| shoot(address, Arc::clone(&post), CONNECTIONS, ROUND).per_second();
    let pairs = Pairs::of(|| shoot(kept), || shoot(bare));
    Row {
        id: log.row("G7"),
        ratio: pairs.ratio(),
        floor: log.asks(0.50),
        goal: log.asks(0.70),
        lower_is_better: false,
        unit: "ratio",
        resolved: true,
        settings: format!(
            "POST, {} before each 202: {:.0}/s, without a broker {:.0}/s; {CONNECTIONS} connections, {}{}",
            log.promise(),
            pairs.ours(),
            pairs.theirs(),
            pairs.settings(),
            log.surroundings()
        ),
    }
}

/// G7-batch: arrays of 100, against publishing the same records with no HTTP at all.
pub(crate) fn in_batches(log: Log) -> Row {
    let cluster = log.start();
    let (runtime, folder) = (runtime(), folder());
    let broker = log.open(cluster.as_ref(), &runtime, folder.path());
    let address = serve(&runtime, broker.clone(), folder.path());
    let post = request("/api/v1/orders/batch", &batch());
    let over_http = |time| {
        let shots = shoot(address, Arc::clone(&post), BATCH_CONNECTIONS, time);
        shots.per_second() * BATCH as f64
    };
    over_http(Duration::from_millis(100));
    let batches: Vec<_> =
        (0..BATCH_CONNECTIONS).map(|_| runtime.block_on(published(&broker))).collect();
    let plain = cluster.as_ref().map(|cluster| Plain::new(cluster.address()));
    let bare = || {
        let shots = match &plain {
            Some(plain) => plain.publish(&batches),
            None => publish(&runtime, &broker, &batches),
        };
        shots.per_second() * BATCH as f64
    };
    let pairs = Pairs::of(|| over_http(ROUND), bare);
    Row {
        id: log.row("G7-batch"),
        ratio: pairs.ratio(),
        floor: log.asks(0.40),
        goal: log.asks(0.60),
        lower_is_better: false,
        unit: "ratio",
        resolved: true,
        settings: format!(
            "orders in arrays of {BATCH}: {:.0}/s, {} {:.0}/s; {BATCH_CONNECTIONS} in flight, {}{}",
            pairs.ours(),
            log.bare(),
            pairs.theirs(),
            pairs.settings(),
            log.surroundings()
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

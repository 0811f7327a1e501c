//! G7 and G7-batch: what the log costs an order that comes in over HTTP.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tidegate::broker::{Broker, FetchLimit};
use tidegate::message::{NewRecord, Offset, Partition, TopicPartition};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::bodies::{BATCH, ORDER, batch};
use crate::generator::{Shots, request, shoot};
use crate::instant_log::InstantLog;
use crate::rows::Row;
use crate::served::{embedded, runtime, serve, topic};

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
    let records = runtime.block_on(published(&broker));
    let bare = || publish(&runtime, &broker, &records).per_second() * BATCH as f64;
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

/// A batch of records as the producer wrote them, byte for byte.
async fn published(broker: &Broker) -> Vec<NewRecord> {
    let partition = TopicPartition::new(topic(), Partition(0));
    let limit = FetchLimit { records: BATCH, ..FetchLimit::default() };
    let fetched = broker.fetch(partition, Offset(0), limit).await.expect("records were published");
    assert_eq!(fetched.records.len(), BATCH, "the warm-up published more than this");
    let copies = fetched.records.into_iter().map(|record| {
        let mut copy = NewRecord::new(topic());
        (copy.key, copy.value, copy.headers) = (record.key, record.value, record.headers);
        copy
    });
    copies.collect()
}

/// Publishes the records again and again, with as many batches in flight as there are connections.
fn publish(runtime: &Runtime, broker: &Broker, records: &[NewRecord]) -> Shots {
    runtime.block_on(async {
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..BATCH_CONNECTIONS {
            let (broker, records) = (broker.clone(), records.to_vec());
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

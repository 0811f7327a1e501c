//! How fast the embedded log is, as a table: `cargo bench -p tidegate --features testing --bench embedded_log`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark that cannot go on fails by panicking"
)]

#[path = "../tests/members/mod.rs"]
mod members;

use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};
use members::{assigned, place, topic};
use tidegate::broker::{Broker, FetchLimit, GroupEvent};
use tidegate::message::{NewRecord, Offset, Partition};

const RECORDS: usize = 300_000;

fn record(n: usize) -> NewRecord {
    let partition = Partition((n % 4) as u32);
    NewRecord::new(topic()).partition(partition).key(n.to_le_bytes().to_vec()).value(vec![7; 392])
}

/// Publishes everything in calls of `size`, `flying` of them at once.
async fn write(broker: &Broker, size: usize, flying: usize) -> Duration {
    let calls: Vec<Vec<_>> = (0..RECORDS / size)
        .map(|call| (0..size).map(|n| record(call * size + n)).collect())
        .collect();
    let begun = Instant::now();
    let mut acks = FuturesUnordered::new();
    for call in calls {
        acks.push(broker.publish(call));
        if acks.len() == flying {
            assert!(acks.next().await.unwrap().iter().all(Result::is_ok));
        }
    }
    while let Some(acks) = acks.next().await {
        assert!(acks.iter().all(Result::is_ok));
    }
    begun.elapsed()
}

async fn read_all(broker: &Broker) -> Duration {
    let begun = Instant::now();
    for partition in 0..4 {
        let mut from = Offset(0);
        loop {
            let read = broker.fetch(place(partition), from, FetchLimit::default()).await.unwrap();
            from = read.next;
            if read.records.is_empty() {
                break;
            }
        }
    }
    begun.elapsed()
}

async fn consume_all(broker: &Broker, count: usize) -> Duration {
    let mut member = members::subscribe(broker).await;
    let begun = Instant::now();
    assigned(&mut member).await;
    (0..4).for_each(|partition| member.start(&place(partition), Offset(0)));
    let mut got = 0;
    while got < count {
        if let GroupEvent::Records { records, .. } = member.poll().await {
            got += records.len();
        }
    }
    begun.elapsed()
}

fn show(what: &str, count: usize, took: Duration) {
    let rate = count as f64 / took.as_secs_f64();
    eprintln!("{what:<44} {rate:>12.0} records/s  ({took:.2?})");
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    if !std::env::args().any(|arg| arg == "--bench") {
        return; // `cargo test` only sees that it still compiles
    }
    for (size, flying) in [(1, 1_000), (100, 10), (1_000, 1), (1_000, 4), (5_000, 4)] {
        let folder = tempfile::tempdir().unwrap();
        let broker = Broker::embedded(folder.path()).unwrap();
        members::create(&broker, 4).await;
        let took = write(&broker, size, flying).await;
        show(&format!("publish, {size} a call, {flying} calls in flight"), RECORDS, took);
        if size == 5_000 {
            show("fetch", RECORDS, read_all(&broker).await);
            show("consume", RECORDS, consume_all(&broker, RECORDS).await);
            broker.close().await;
            let begun = Instant::now();
            let broker = Broker::embedded(folder.path()).unwrap();
            eprintln!("open {:.2?}", begun.elapsed());
            show("fetch after a restart", RECORDS, read_all(&broker).await);
        }
    }
}

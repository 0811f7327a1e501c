//! How much is held in memory (rule 14).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidegate::broker::NewTopic;
use tidegate::health::Health;
use tidegate::message::{NewRecord, TopicName};
use tidegate::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::common::{Ordered, record};

const RECORDS: u64 = 3_000;

/// What is held at most, as its readers see it.
#[derive(Default)]
struct Most(std::sync::OnceLock<Health>, AtomicU64);

async fn looks(_: Payload<Ordered>, State(most): State<Arc<Most>>) {
    for _ in 0..10 {
        tokio::task::yield_now().await; // whatever may be taken in meanwhile is
    }
    if let Some(health) = most.0.get() {
        most.1.fetch_max(health.snapshot().in_flight, Ordering::SeqCst);
    }
}

/// A few bytes, and many headers.
fn header_heavy(n: u64) -> NewRecord {
    let all = record("orders", &format!("e-{n}"), "k");
    (0..20).fold(all, |record, n| record.header(&format!("h{n}"), "v"))
}

/// Rule 14: a record counts with what it takes in memory: 3,000 of these are 0.9 MB of bytes, and about 9 MB.
#[tokio::test]
async fn rule_14_many_small_records_fill_the_buffer_by_what_stands_round_their_bytes() {
    let (broker, most) = (Broker::in_memory(), Arc::new(Most::default()));
    broker.create_topics(vec![NewTopic::new(TopicName::new("orders").unwrap(), 1)]).await;
    let bytes: usize = (0..RECORDS).map(|n| header_heavy(n).size()).sum();
    broker.publish((0..RECORDS).map(header_heavy).collect()).await;
    let service = Service::new("g", broker)
        .start_from(StartFrom::Earliest)
        .lanes(1)
        .buffer(2 * 3_000, bytes)
        .route(Topic::json("orders").on(looks).with_state(most.clone()));
    let health = service.health();
    most.0.set(health.clone()).unwrap();
    let done = CancellationToken::new();
    let stop = done.clone().cancelled_owned();
    let all = async {
        while health.snapshot().outcomes.done < RECORDS {
            tokio::task::yield_now().await;
        }
        done.cancel();
    };
    let (ended, ()) = tokio::join!(service.run_until(stop), all);
    ended.unwrap();
    let most = most.1.load(Ordering::SeqCst);
    assert!((1..2_000).contains(&most), "{most} records were held, of {bytes} bytes in all");
}

//! Batch handlers: several records in one call, and each record's own outcome, attempts and order.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate::class::Class;
use tidegate::handler::batch::BatchRecord;
use tidegate::message::NewRecord;
use tidegate::prelude::*;
use tidegate::testing::{Saw, TestService};

use crate::common::{Charged, Ordered, Scripted, record};

/// The ids of each call, in the order of the calls.
#[derive(Default)]
struct Calls(Mutex<Vec<Vec<String>>>);

type Seen = State<Arc<Calls>>;

impl Calls {
    /// Notes a call; says whether it is the first.
    fn note(&self, batch: &Batch<Ordered>) -> bool {
        let mut calls = self.0.lock().unwrap();
        calls.push(batch.iter().map(|record| record.event_id().as_str().to_owned()).collect());
        calls.len() == 1
    }

    fn all(&self) -> Vec<Vec<String>> {
        self.0.lock().unwrap().clone()
    }

    fn largest(&self) -> usize {
        self.all().iter().map(Vec::len).max().unwrap_or_default()
    }
}

/// `e-0` to `e-49`, of so many keys.
fn fifty(keys: usize) -> Vec<NewRecord> {
    let one = |n: usize| record("orders", &format!("e-{n}"), &format!("k-{}", n % keys));
    (0..50).map(one).collect()
}

async fn all_done(batch: Batch<Ordered>, State(calls): Seen) {
    calls.note(&batch);
}

async fn started(routes: impl IntoRouter) -> TestService {
    TestService::builder(routes).partitions(1).start().await
}

/// Order paragraph of rule 23: a batch holds no two records that wait for each other.
#[tokio::test]
async fn a_backlog_is_handled_in_batches_with_one_record_of_a_key_each() {
    let calls = Arc::new(Calls::default());
    let t = started(Topic::json("orders").on_batch(100, all_done).with_state(calls.clone())).await;
    t.publish_records(fifty(10)).await;
    t.settled().await;
    let all = calls.all();
    assert!(calls.largest() > 1, "{all:?}");
    for call in &all {
        let key = |id: &String| id[2..].parse::<usize>().unwrap() % 10;
        assert_eq!(call.iter().map(key).collect::<BTreeSet<_>>().len(), call.len(), "{call:?}");
    }
    for key in 0..10 {
        let numbers = all.iter().flatten().map(|id| id[2..].parse::<usize>().unwrap());
        let of_key: Vec<_> = numbers.filter(|n| n % 10 == key).collect();
        assert_eq!(of_key, (0..5).map(|n| n * 10 + key).collect::<Vec<_>>());
    }
    t.assert_conserved();
}

#[tokio::test]
async fn no_batch_is_larger_than_allowed() {
    let calls = Arc::new(Calls::default());
    let t = started(Topic::json("orders").on_batch(3, all_done).with_state(calls.clone())).await;
    t.publish_records(fifty(50)).await;
    t.settled().await;
    assert_eq!(calls.largest(), 3);
    assert_eq!(calls.all().iter().map(Vec::len).sum::<usize>(), 50);
    t.assert_conserved();
}

fn is_bad(record: &BatchRecord<Ordered>) -> bool {
    record.payload.id == "k-7"
}

async fn refuses_one(batch: Batch<Ordered>, State(calls): Seen) -> Vec<Result<(), Permanent>> {
    calls.note(&batch);
    let each = |record| if is_bad(record) { Err(Permanent::new("bad")) } else { Ok(()) };
    batch.iter().map(each).collect()
}

#[tokio::test]
async fn each_record_has_its_own_outcome() {
    let calls = Arc::new(Calls::default());
    let t =
        started(Topic::json("orders").on_batch(100, refuses_one).with_state(calls.clone())).await;
    t.publish_records(fifty(50)).await;
    t.settled().await;
    let outcomes = t.health().snapshot().outcomes;
    assert_eq!((outcomes.done, outcomes.dead), (49, 1));
    assert_eq!(t.dead_letters().len(), 1);
    assert_eq!(calls.all().iter().map(Vec::len).sum::<usize>(), 50, "nobody was called twice");
    t.assert_conserved();
}

async fn fails_for_all(batch: Batch<Ordered>, State(calls): Seen) -> Result<(), Permanent> {
    calls.note(&batch);
    if batch.iter().any(is_bad) { Err(Permanent::new("one of them is bad")) } else { Ok(()) }
}

async fn panics_for_all(batch: Batch<Ordered>, State(calls): Seen) {
    calls.note(&batch);
    assert!(!batch.iter().any(is_bad), "one of them is bad");
}

async fn forgets_one(batch: Batch<Ordered>, State(calls): Seen) -> Vec<()> {
    calls.note(&batch);
    batch.iter().filter(|record| !is_bad(record)).map(|_| ()).collect()
}

/// Rule 19: a record is blamed only for what it did alone.
#[tokio::test]
async fn a_call_that_fails_as_a_whole_blames_only_who_fails_alone() {
    let topic = || Topic::json("orders");
    let of = |routes: Router| async move {
        let t = started(routes).await;
        t.publish_records(fifty(50)).await;
        t.settled().await;
        t.assert_conserved();
        let outcomes = t.health().snapshot().outcomes;
        (outcomes.done, outcomes.dead)
    };
    let calls = Arc::new(Calls::default());
    assert_eq!(of(topic().on_batch(100, fails_for_all).with_state(calls.clone())).await, (49, 1));
    assert!(calls.largest() > 1);
    let panics = topic().on_batch(100, panics_for_all).with_state(Arc::default());
    assert_eq!(of(panics).await, (49, 1));
    assert_eq!(of(topic().on_batch(100, forgets_one).with_state(Arc::default())).await, (49, 1));
}

async fn is_down_at_first(batch: Batch<Ordered>, State(calls): Seen) -> Result<(), Scripted> {
    if calls.note(&batch) { Err(Scripted(Class::Outage("mail"))) } else { Ok(()) }
}

/// Rule 19: an outage is no record's fault: it is not tried again for each, and costs no attempt.
#[tokio::test]
async fn an_outage_is_for_all_and_costs_no_attempt() {
    let calls = Arc::new(Calls::default());
    let routes =
        Topic::json("orders").on_batch(100, is_down_at_first).retry(Retry::default().attempts(2));
    let t = started(routes.with_state(calls.clone())).await;
    t.publish_records(fifty(50)).await;
    t.settled().await;
    let all = calls.all();
    assert!(all[0].len() > 1, "{all:?}");
    assert_eq!(t.health().snapshot().outcomes.done, 50);
    let again = all[1..].iter().flatten().filter(|id| all[0].contains(id)).count();
    assert_eq!(again, all[0].len(), "each of them once more");
    t.assert_conserved();
}

async fn hangs_at_first(batch: Batch<Ordered>, State(calls): Seen) {
    if calls.note(&batch) {
        std::future::pending::<()>().await;
    }
}

/// Rule 18: what was cut off has an unknown effect, and is tried again, alone.
#[tokio::test]
async fn a_call_that_hangs_is_cut_off_for_all_of_its_records() {
    let calls = Arc::new(Calls::default());
    let routes =
        Topic::json("orders").on_batch(100, hangs_at_first).timeout(Duration::from_secs(2));
    let t = started(routes.with_state(calls.clone())).await;
    t.publish_records(fifty(50)).await;
    t.until("it hangs", |_| !calls.all().is_empty()).await;
    t.advance(Duration::from_secs(2));
    t.settled().await;
    let all = calls.all();
    assert!(all[0].len() > 1, "{all:?}");
    assert_eq!(t.outcomes(&all[0][0]).last(), Some(&Saw::Done));
    assert_eq!(t.health().snapshot().outcomes.done, 50);
    t.assert_conserved();
}

async fn charges(batch: Batch<Ordered>) -> Vec<Emit<Charged>> {
    let charged = |record: BatchRecord<Ordered>| Charged { id: record.payload.id };
    batch.into_iter().map(|record| Emit::to("payments", charged(record))).collect()
}

#[tokio::test]
async fn what_a_record_emits_is_caused_by_it_and_garbage_stays_outside() {
    let t = started(Topic::json("orders").on_batch(100, charges)).await;
    let mut records = fifty(50);
    records.insert(20, record("orders", "garbage", "k-x").value("no json"));
    t.publish_records(records).await;
    t.settled().await;
    assert_eq!(t.dead_letters().len(), 1, "what cannot be decoded fails on its own");
    let emitted = t.records("payments");
    assert_eq!(emitted.len(), 50);
    for record in emitted {
        let id: Charged = serde_json::from_slice(record.value.as_ref().unwrap()).unwrap();
        let cause = record.headers.text(tidegate::headers::names::CAUSATION_ID).unwrap();
        assert_eq!(cause, id.id.replace("k-", "e-"));
    }
    t.assert_conserved();
}

/// With one attempt a call that hangs would dead-letter everybody in it.
#[tokio::test]
async fn a_batch_handler_needs_a_second_attempt() {
    let service = Service::new("g", Broker::in_memory())
        .start_from(StartFrom::Earliest)
        .route(Topic::json("orders").on_batch(10, charges).retry(Retry::none()));
    let error = service.run_until(std::future::pending()).await.unwrap_err();
    assert!(error.to_string().contains("TG0015"), "{error}");
}

#[tokio::test]
async fn a_batch_of_nothing_is_refused() {
    let service = Service::new("g", Broker::in_memory())
        .start_from(StartFrom::Earliest)
        .route(Topic::json("orders").on_batch(0, charges));
    let error = service.run_until(std::future::pending()).await.unwrap_err();
    assert!(error.to_string().contains("TG0014"), "{error}");
}

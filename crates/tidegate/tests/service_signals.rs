//! SIGTERM to a running service. A test program of its own: signals concern the whole process.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are not test functions")]

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tidegate::Error;
use tidegate::health::{Health, Phase};
use tidegate::message::{NewRecord, TopicName};
use tidegate::prelude::*;
use tokio::sync::Semaphore;

#[derive(serde::Deserialize)]
struct Job;

impl Event for Job {
    const TYPE: &'static str = "job";
    fn key(&self) -> Key<'_> {
        Key::NONE
    }
}

/// What the handler waits for, and how often it was called.
#[derive(Default)]
struct Gate {
    calls: AtomicUsize,
    open: Option<Semaphore>,
}

async fn wait(_: Payload<Job>, State(gate): State<Arc<Gate>>) {
    gate.calls.fetch_add(1, Ordering::SeqCst);
    if let Some(open) = &gate.open {
        open.acquire().await.unwrap().forget();
    }
}

fn terminate() {
    // The shell's own word: small images have no program of that name.
    let kill = format!("kill -TERM {}", std::process::id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(30), "not {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn committed(broker: &Broker) -> u64 {
    let all = broker.committed("test".to_owned()).await.unwrap();
    all.iter().map(|(_, committed)| committed.offset.0).sum()
}

/// A service whose handler runs; `act` is what happens then.
async fn run(gate: &Arc<Gate>, act: impl AsyncFnOnce(Health)) -> (Result<(), Error>, u64) {
    let broker = Broker::in_memory();
    let service = Service::new("test", broker.clone())
        .start_from(StartFrom::Earliest)
        .route(Topic::json("jobs").on(wait).with_state(gate.clone()));
    let health = service.health();
    let acting = async {
        until("running", || health.snapshot().assigned.len() == 3).await;
        let record = NewRecord::new(TopicName::new("jobs").unwrap()).value("null");
        broker.publish(vec![record.header("event_type", "job")]).await.remove(0).unwrap();
        until("called", || gate.calls.load(Ordering::SeqCst) == 1).await;
        terminate();
        until("draining", || health.snapshot().phase == Phase::Draining).await;
        act(health.clone()).await;
    };
    let (ended, ()) = tokio::join!(service.run(), acting);
    assert!(!health.readiness().is_ready());
    let committed = committed(&broker).await;
    (ended, committed)
}

/// One test: signals reach every service of the process.
#[tokio::test]
async fn rule_16_a_first_signal_drains_and_a_second_one_stops_at_once() {
    let gate = Arc::new(Gate { open: Some(Semaphore::new(0)), ..Gate::default() });
    let (ended, committed) = run(&gate, async |_| gate.open.as_ref().unwrap().add_permits(1)).await;
    ended.unwrap();
    assert_eq!(committed, 1, "what ran was finished and committed");

    let gate = Arc::new(Gate { open: Some(Semaphore::new(0)), ..Gate::default() });
    let (ended, committed) = run(&gate, async |_| terminate()).await;
    assert!(matches!(ended, Err(Error::Interrupted)), "{ended:?}");
    assert_eq!(committed, 0, "what did not finish comes again");
}

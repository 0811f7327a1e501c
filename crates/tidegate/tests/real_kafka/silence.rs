//! A service whose loop stands still for longer than its poll interval.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tidegate::broker::Subscription;
use tidegate::events::RuntimeEvent;
use tidegate::health::{CheckName, Health};

use crate::notes::{Notes, Running, numbered};
use crate::support::{blocking, create, member, publish, shared, subscription, until};

const SESSION: Duration = Duration::from_secs(2);
const INTERVAL: Duration = Duration::from_secs(3);

/// Waits until this check fails, not longer than it may take.
async fn within_contract(health: &Health, name: CheckName) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while !health.readiness().failing().any(|check| check == name) {
        assert!(Instant::now() < deadline, "{name} is all right: {:?}", health.readiness());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Another one has its partition meanwhile. It says why, and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn rule_15_a_service_that_is_put_out_for_its_silence_says_so_and_comes_back() {
    let (_, broker) = shared();
    create(&broker, "silent", 1).await;
    publish(&broker, vec![numbered("silent", 0)]).await;
    let notes = Notes::new().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let (begun, begins) = channel();
    let (open, gate) = channel::<()>();
    let (hears, gate) = (told.clone(), Mutex::new(Some(gate)));
    let service = notes.service(&broker, "silent", "silent").session_timeout(SESSION);
    let service = service.max_poll_interval(INTERVAL).drain(Duration::from_millis(500));
    let running = Running::start(service.observe(move |event| {
        hears.lock().unwrap().push(event.clone());
        // The first start keeps the loop's thread, until the test has seen enough.
        if let RuntimeEvent::Started { .. } = event
            && let Some(gate) = gate.lock().unwrap().take()
        {
            begun.send(()).unwrap();
            gate.recv().unwrap();
        }
    }));
    blocking(|| begins.recv().unwrap());
    let how = Subscription { session_timeout: SESSION, ..subscription("silent", "silent") };
    let mut other = member(&broker, how, 1).await;
    within_contract(&running.health, CheckName::Loop).await;
    open.send(()).unwrap();
    within_contract(&running.health, CheckName::Assignment).await;
    let heard = async |wanted: fn(&RuntimeEvent) -> bool| told.lock().unwrap().iter().any(wanted);
    until("it says why", async || heard(|e| *e == RuntimeEvent::PollExceeded).await).await;
    until("it is lost", async || {
        heard(|e| matches!(e, RuntimeEvent::Ended { lost: true, .. })).await
    })
    .await;
    other.close().await;
    notes.reach(1).await;
    until("ready again", async || running.health.readiness().is_ready()).await;
    notes.assert_each_once_in_order(1).await;
    running.stop().await;
}

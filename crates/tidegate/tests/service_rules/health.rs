//! Readiness: each check by its name, within five seconds of its cause, and as old as it is.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use tidegate::class::Class;
use tidegate::events::RuntimeEvent;
use tidegate::health::{CheckName, Health};
use tidegate::prelude::*;
use tidegate::testing::TestService;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::common::{Do, Ordered, Script, order, service};

/// Within so long of its cause a check fails, and is all right again.
const CONTRACT: Duration = Duration::from_secs(5);

/// Waits until exactly these checks fail.
async fn within_contract(health: &Health, wanted: &[CheckName]) {
    let deadline = Instant::now() + CONTRACT;
    loop {
        let readiness = health.readiness();
        if readiness.failing().eq(wanted.iter().copied()) {
            return;
        }
        assert!(Instant::now() < deadline, "not within {CONTRACT:?}: {wanted:?} {readiness:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Shut until somebody opens it. Who passes keeps the thread.
#[derive(Default)]
struct Gate(Mutex<(bool, bool)>, Condvar);

impl Gate {
    fn open(&self) {
        self.0.lock().unwrap().0 = true;
        self.1.notify_all();
    }

    fn pass(&self) {
        let mut state = self.0.lock().unwrap();
        state.1 = true;
        self.1.notify_all();
        drop(self.1.wait_while(state, |(open, _)| !*open).unwrap());
    }

    /// Waits until somebody stands before it.
    fn reached(&self) {
        let state = self.0.lock().unwrap();
        drop(self.1.wait_while(state, |(_, reached)| !*reached).unwrap());
    }
}

async fn passes(_: Payload<Ordered>, State(gate): State<Arc<Gate>>) {
    gate.pass();
}

/// A service on the machine's clock, in a task of its own.
fn started(service: Service<StartFrom>) -> (Health, CancellationToken, JoinSet<()>) {
    let (health, stop, mut running) = (service.health(), CancellationToken::new(), JoinSet::new());
    let run = service.run_until(stop.clone().cancelled_owned());
    running.spawn(async move { run.await.unwrap() });
    (health, stop, running)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_handler_that_keeps_its_thread_fails_the_lane_in_time_and_no_longer() {
    let (broker, gate) = (Broker::in_memory(), Arc::new(Gate::default()));
    let routes = Topic::json("orders").on(passes).with_state(gate.clone());
    let service = Service::new("g", broker.clone()).start_from(StartFrom::Earliest).route(routes);
    let (health, stop, _running) = started(service);
    health.ready().await.unwrap();
    Publisher::new(broker).publish("orders", order("o-1")).await.unwrap();
    tokio::task::block_in_place(|| gate.reached());
    within_contract(&health, &[CheckName::Lane]).await;
    gate.open();
    within_contract(&health, &[]).await;
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_loop_that_stands_still_fails_in_time_and_no_longer() {
    let (broker, gate) = (Broker::in_memory(), Arc::new(Gate::default()));
    let heard = gate.clone();
    let routes = Topic::json("orders").on(does_nothing).with_state(());
    let service = Service::new("g", broker).start_from(StartFrom::Earliest).route(routes);
    let (health, stop, _running) = started(service.observe(move |event| {
        if matches!(event, RuntimeEvent::Started { .. }) {
            heard.pass();
        }
    }));
    tokio::task::block_in_place(|| gate.reached());
    let failing = |health: &Health| health.readiness().failing().collect::<Vec<_>>();
    let deadline = Instant::now() + CONTRACT;
    while !failing(&health).contains(&CheckName::Loop) {
        assert!(Instant::now() < deadline, "{:?}", failing(&health));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    gate.open();
    within_contract(&health, &[]).await;
    stop.cancel();
}

async fn does_nothing(_: Payload<Ordered>) {}

async fn waits(_: Payload<Ordered>, State(gate): State<Arc<Semaphore>>) {
    gate.acquire().await.unwrap().forget();
}

/// A handler that awaits is slow, and nobody knows for how long it may be: after a minute without progress it is told.
#[tokio::test]
async fn a_partition_without_progress_fails_with_the_record_at_fault() {
    let gate = Arc::new(Semaphore::new(0));
    let routes = Topic::json("orders").on(waits).with_state(gate.clone());
    let t = TestService::builder(routes).partitions(1).start().await;
    t.until("owned", |t| t.health().readiness().is_ready()).await;
    t.publish("orders", &order("o-1")).await;
    t.until("begun", |t| t.health().snapshot().attempts == 1).await;
    t.until("told", |t| {
        t.advance(Duration::from_secs(1));
        t.health().readiness().failing().any(|check| check == CheckName::Progress)
    })
    .await;
    let readiness = t.health().readiness();
    let said = readiness.reasons().any(|why| why.contains("offset 0, which is running"));
    assert!(said, "{readiness:?}");
    gate.add_permits(1);
    t.until("ready again", |t| t.health().readiness().is_ready()).await;
    t.settled().await;
}

#[tokio::test]
async fn checks_age_on_the_services_own_clock() {
    let t = service(&Script::of(&[Do::Fail(Class::Outage("db")), Do::Work])).await;
    t.until("owned", |t| t.health().readiness().is_ready()).await;
    let age = |name: CheckName| {
        let snapshot = t.health().snapshot();
        let check = snapshot.readiness.checks().iter().find(|check| check.name == name);
        check.map(|check| (check.is_ok(), check.age)).unwrap()
    };
    let (lane, minute) = (age(CheckName::Lane), Duration::from_secs(60));
    t.advance(minute);
    assert_eq!(age(CheckName::Lane), (true, lane.1 + minute));
    t.publish("orders", &order("o-1")).await;
    let outage = |check| check == CheckName::Outage;
    t.until("paused", |t| t.health().readiness().failing().any(outage)).await;
    assert_eq!(age(CheckName::Outage), (false, Duration::ZERO));
    // The first probe takes longer to come.
    t.advance(Duration::from_millis(1));
    assert_eq!(age(CheckName::Outage), (false, Duration::from_millis(1)));
    t.settled().await;
    assert!(age(CheckName::Outage).0);
    assert!(age(CheckName::Lane).1 > minute, "it was all right all the time");
}

#[tokio::test]
async fn a_stopped_service_fails_in_its_lifecycle_and_shows_all_checks() {
    let mut t = service(&Script::of(&[])).await;
    t.stop().await.unwrap();
    let readiness = t.health().readiness();
    assert!(readiness.failing().eq([CheckName::Lifecycle]), "{readiness:?}");
    assert!(readiness.checks().iter().map(|check| check.name).eq(CheckName::ALL.iter().copied()));
}

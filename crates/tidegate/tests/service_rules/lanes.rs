//! Lanes: what runs side by side, and who is told when a lane stands still.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use tidegate::broker::NewTopic;
use tidegate::events::RuntimeEvent;
use tidegate::health::CheckName;
use tidegate::message::TopicName;
use tidegate::prelude::*;
use tidegate::testing::TestService;
use tokio::sync::Semaphore;

use crate::common::{Ordered, order};

/// Shut until somebody opens it.
#[derive(Default)]
struct Gate(Mutex<bool>, Condvar);

impl Gate {
    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }

    /// Keeps the thread, as no handler should.
    fn pass(&self) {
        let shut = self.0.lock().unwrap();
        drop(self.1.wait_while(shut, |open| !*open).unwrap());
    }
}

async fn keeps_its_thread(_: Payload<Ordered>, State(gate): State<Arc<Gate>>) {
    gate.pass();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_handler_that_keeps_its_thread_is_told_of_with_its_record() {
    let gate = Arc::new(Gate::default());
    let t =
        TestService::new(Topic::json("orders").on(keeps_its_thread).with_state(gate.clone())).await;
    t.publish("orders", &order("o-1")).await;
    t.until("told", |t| {
        t.advance(Duration::from_secs(1));
        let readiness = t.health().readiness();
        let told = readiness.reasons().any(|why| why.contains("its handler keeps the thread"));
        told && readiness.failing().eq([CheckName::Lane])
    })
    .await;
    gate.open();
    t.until("ready again", |t| t.health().readiness().is_ready()).await;
    t.settled().await;
    t.assert_conserved();
}

/// Waits for a permit: each call of `slow` takes one.
async fn waits_for_one(Payload(event): Payload<Ordered>, State(gate): State<Arc<Semaphore>>) {
    if event.id.starts_with("slow") {
        gate.acquire().await.unwrap().forget();
    }
}

#[tokio::test]
async fn a_slow_key_delays_only_itself() {
    let gate = Arc::new(Semaphore::new(0));
    let routes = Topic::json("orders").on(waits_for_one).with_state(gate.clone());
    let t = TestService::builder(routes).partitions(1).start().await;
    t.publish("orders", &order("slow")).await;
    t.publish("orders", &order("slow")).await;
    for n in 0..50 {
        t.publish("orders", &order(&format!("quick-{n}"))).await;
    }
    t.until("all the others", |t| t.health().snapshot().outcomes.done == 50).await;
    assert_eq!(
        t.health().snapshot().attempts,
        51,
        "the second of the slow key waits for the first"
    );
    gate.add_permits(2);
    t.settled().await;
    t.assert_conserved();
}

/// Resolves when the group's commit says that all but the first are done.
async fn noted(t: &TestService) {
    loop {
        t.advance(Duration::from_millis(50)); // the interval of commits
        let committed = t.broker().committed("test".to_owned()).await.unwrap();
        if committed.iter().any(|(_, c)| c.metadata.ends_with("done=r1.20")) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Rule 8: what is finished above the commit is not run again after a crash.
#[tokio::test]
async fn after_a_crash_what_is_done_above_the_commit_is_not_repeated() {
    let gate = Arc::new(Semaphore::new(0));
    let routes = Topic::json("orders").on(waits_for_one).with_state(gate.clone());
    let broker = Broker::in_memory();
    broker.create_topics(vec![NewTopic::new(TopicName::new("orders").unwrap(), 1)]).await;
    let mut t = TestService::builder(routes).broker(broker).start().await;
    t.publish("orders", &order("slow")).await;
    for n in 0..20 {
        t.publish("orders", &order(&format!("quick-{n}"))).await;
    }
    t.until("all the others", |t| t.health().snapshot().outcomes.done == 20).await;
    tokio::time::timeout(Duration::from_secs(30), noted(&t)).await.expect("noted in the commit");
    t.crash().await;
    gate.add_permits(1);
    t.settled().await;
    let health = t.health().snapshot();
    assert_eq!((health.attempts, health.outcomes.duplicate), (1, 20));
    t.assert_conserved();
}

async fn does_nothing(_: Payload<Ordered>) {}

#[tokio::test]
async fn an_observer_hears_what_happens_in_order() {
    let broker = Broker::in_memory();
    broker.create_topics(vec![NewTopic::new(TopicName::new("orders").unwrap(), 1)]).await;
    Publisher::new(broker.clone()).publish("orders", order("o-1")).await.unwrap();
    let (sender, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let service = Service::new("g", broker)
        .start_from(StartFrom::Earliest)
        .route(Topic::json("orders").on(does_nothing).with_state(()))
        .observe(move |event| {
            let _ = sender.send(event.clone());
        });
    let mut told = Vec::new();
    let finished = async move {
        while let Some(event) = heard.recv().await {
            let settled = matches!(event, RuntimeEvent::Settled { .. });
            told.push(event);
            if settled {
                break;
            }
        }
        assert!(matches!(told[0], RuntimeEvent::Started { .. }), "{told:?}");
    };
    service.run_until(finished).await.unwrap();
}

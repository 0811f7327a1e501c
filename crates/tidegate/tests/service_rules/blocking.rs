//! Handlers that keep a thread: they hold up nobody, and are never cut off.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use tidegate::prelude::*;
use tidegate::testing::{Saw, TestService};

use crate::common::{Ordered, order};

/// Shut until somebody opens it; counts who came.
#[derive(Default)]
struct Gate(Mutex<(bool, usize)>, Condvar);

impl Gate {
    fn open(&self) {
        self.0.lock().unwrap().0 = true;
        self.1.notify_all();
    }

    fn came(&self) -> usize {
        self.0.lock().unwrap().1
    }

    fn pass(&self) {
        let mut state = self.0.lock().unwrap();
        state.1 += 1;
        drop(self.1.wait_while(state, |(open, _)| !*open).unwrap());
    }
}

fn passes(Payload(order): Payload<Ordered>, State(gate): State<Arc<Gate>>) {
    if order.id == "slow" {
        gate.pass();
    }
}

/// The test's runtime has one thread: a handler that kept it would keep the service from anything else.
#[tokio::test]
async fn a_blocking_handler_holds_up_nobody_and_is_not_cut_off() {
    let gate = Arc::new(Gate::default());
    let routes = Topic::json("orders").on(blocking(passes)).timeout(Duration::from_secs(1));
    let t = TestService::new(routes.with_state(gate.clone())).await;
    t.publish("orders", &order("slow")).await;
    t.until("it runs", |_| gate.came() == 1).await;
    for n in 0..20 {
        t.publish("orders", &order(&format!("quick-{n}"))).await;
    }
    t.until("the others", |t| t.health().snapshot().outcomes.done == 20).await;
    t.advance(Duration::from_secs(10));
    gate.open();
    t.settled().await;
    assert_eq!(gate.came(), 1, "its time limit does not apply: nobody runs it beside itself");
    assert_eq!(t.outcomes("slow"), [Saw::Done]);
    t.assert_conserved();
}

fn panics_once(_: Payload<Ordered>, attempt: Attempt) {
    assert!(attempt.0 > 1, "the first attempt");
}

#[tokio::test]
async fn rule_18_a_panic_in_it_is_a_failed_attempt() {
    let t = TestService::new(Topic::json("orders").on(blocking(panics_once))).await;
    t.publish("orders", &order("o-1")).await;
    t.settled().await;
    assert_eq!(t.outcomes("o-1"), [Saw::Retried, Saw::Done]);
    t.assert_conserved();
}

fn stores(batch: Batch<Ordered>, State(sizes): State<Arc<Mutex<usize>>>) {
    *sizes.lock().unwrap() += batch.len();
}

#[tokio::test]
async fn a_batch_handler_can_be_blocking() {
    let sizes = Arc::new(Mutex::new(0));
    let routes = Topic::json("orders").on_batch(10, blocking(stores)).with_state(sizes.clone());
    let t = TestService::new(routes).await;
    for n in 0..20 {
        t.publish("orders", &order(&format!("o-{n}"))).await;
    }
    t.settled().await;
    assert_eq!(*sizes.lock().unwrap(), 20);
    t.assert_conserved();
}

async fn hangs(_: Payload<Ordered>) {
    std::future::pending::<()>().await;
}

fn mourns(_: DeadLetter<Ordered>) {}

/// Rule 18: a dead-letter handler that blocks does not take the time limit from the handler.
#[tokio::test]
async fn a_blocking_dead_letter_handler_leaves_the_handler_its_time_limit() {
    let routes = Topic::json("orders")
        .on(hangs)
        .timeout(Duration::from_secs(1))
        .retry(Retry::none())
        .on_dead_letter(blocking(mourns));
    let t = TestService::new(routes).await;
    t.publish("orders", &order("o-1")).await;
    t.until("it runs", |t| t.health().snapshot().attempts == 1).await;
    t.advance(Duration::from_secs(1));
    t.settled().await;
    assert_eq!(t.outcomes("o-1"), [Saw::Dead]);
    t.assert_conserved();
}

async fn refuses(_: Payload<Ordered>) -> Result<(), Permanent> {
    Err(Permanent::new("no"))
}

fn mourns_slowly(dead: DeadLetter<Ordered>, State(gate): State<Arc<Gate>>) {
    if dead.key() == "slow" {
        gate.pass();
    }
}

#[tokio::test]
async fn a_blocking_dead_letter_handler_is_not_cut_off() {
    let gate = Arc::new(Gate::default());
    let routes = Topic::json("orders")
        .on(refuses)
        .timeout(Duration::from_secs(1))
        .on_dead_letter(blocking(mourns_slowly));
    let t = TestService::new(routes.with_state(gate.clone())).await;
    t.publish("orders", &order("slow")).await;
    t.until("it runs", |_| gate.came() == 1).await;
    t.advance(Duration::from_secs(10));
    t.publish("orders", &order("quick")).await;
    t.until("another", |t| t.health().snapshot().outcomes.dead == 1).await;
    gate.open();
    t.settled().await;
    assert_eq!(gate.came(), 1, "its time limit does not apply: nobody runs it beside itself");
    assert_eq!(t.outcomes("slow"), [Saw::Dead]);
    t.assert_conserved();
}

/// Rules 10, 11: what has not found a thread when the service ends never begins.
#[test]
fn what_waits_for_a_thread_is_taken_back_when_the_service_ends() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let gate = Arc::new(Gate::default());
    runtime.block_on(async {
        let broker = Broker::in_memory();
        let topic = tidegate::message::TopicName::new("orders").unwrap();
        broker.create_topics(vec![tidegate::broker::NewTopic::new(topic, 1)]).await;
        let publisher = Publisher::new(broker.clone());
        for _ in 0..5 {
            let record = NewEvent::to("orders", order("slow"));
            publisher.send(record.prepare().unwrap()).await.unwrap();
        }
        let routes = Topic::json("orders").on(blocking(passes)).order(Order::None);
        let stop = Arc::new(tokio::sync::Notify::new());
        let (stopped, seen) = (stop.clone(), gate.clone());
        let ask = async move {
            while seen.came() < 2 {
                tokio::task::yield_now().await;
            }
            stopped.notified().await;
        };
        stop.notify_one();
        let service = Service::new("g", broker).start_from(StartFrom::Earliest);
        let service = service.drain(Duration::from_millis(50));
        service.route(routes.with_state(gate.clone())).run_until(ask).await.unwrap();
    });
    gate.open();
    drop(runtime); // waits for the threads
    assert_eq!(gate.came(), 2, "the others never began");
}

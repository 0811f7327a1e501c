//! What becomes of a batch when one of its records leaves, or the lease does.

#![cfg(feature = "testing")]

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};

use super::*;
use crate::broker::BoxFuture;
use crate::clock::Clock;
use crate::clock::virtual_time::VirtualClock;
use crate::delivery::{Ours, Ownership};

/// What the handler was called with, whether it may return, and whether the partition is ours.
#[derive(Debug, Default)]
struct Stage {
    calls: Mutex<Vec<usize>>,
    open: (Mutex<bool>, Condvar),
    lost: AtomicBool,
}

type OnStage = State<Arc<Stage>>;

/// The partition's, as the stage says.
#[derive(Debug)]
struct Lease(Arc<Stage>, Clock);

impl Ownership for Lease {
    fn holds(&self) -> bool {
        !self.0.lost.load(Ordering::SeqCst)
    }

    fn clock(&self) -> &Clock {
        &self.1
    }
}

impl Stage {
    /// Notes a call; says whether it is the first.
    fn called(&self, batch: &Batch<Placed>) -> bool {
        let mut calls = self.calls.lock().unwrap();
        calls.push(batch.len());
        calls.len() == 1
    }

    fn calls(&self) -> Vec<usize> {
        self.calls.lock().unwrap().clone()
    }

    fn set_open(&self) {
        *self.open.0.lock().unwrap() = true;
        self.open.1.notify_all();
    }
}

/// Attempts of one lane, as the runtime drives them.
struct Attempts {
    clock: VirtualClock,
    running: Vec<BoxFuture<'static, Outcome>>,
}

impl Attempts {
    /// Three, of one batch.
    fn three(router: Router, stage: &Arc<Stage>) -> Self {
        let (driver, clock) = (Driver::new(router), VirtualClock::new());
        let (routed, delivery) = driver.delivery(&placed());
        let ours = Ours(Some(Arc::new(Lease(stage.clone(), Clock::Virtual(clock.clone())))));
        let delivery = Delivery { ours, ..delivery };
        let one = || {
            let (endpoint, delivery) = (driver.0.clone(), delivery.clone());
            let one = async move { endpoint.call(routed.policy, delivery).await };
            Box::pin(one) as BoxFuture<'static, Outcome>
        };
        Self { clock, running: (0..3).map(|_| one()).collect() }
    }

    /// Each has its turn, and time goes on; what has ended is counted.
    async fn turn(&mut self) -> usize {
        let mut ended = 0;
        for mut attempt in std::mem::take(&mut self.running) {
            match futures_util::poll!(Pin::as_mut(&mut attempt)) {
                std::task::Poll::Ready(outcome) => {
                    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
                    ended += 1;
                }
                std::task::Poll::Pending => self.running.push(attempt),
            }
        }
        self.clock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
        ended
    }

    /// So many turns, in which none of them ends.
    async fn turn_often(&mut self) {
        for _ in 0..20 {
            assert_eq!(self.turn().await, 0);
        }
    }

    async fn until_called(&mut self, stage: &Stage) {
        while stage.calls().is_empty() {
            self.turn().await;
        }
    }

    async fn until_ended(&mut self) {
        while !self.running.is_empty() {
            self.turn().await;
        }
    }
}

fn blocks(batch: Batch<Placed>, State(stage): OnStage) {
    stage.called(&batch);
    let shut = stage.open.0.lock().unwrap();
    drop(stage.open.1.wait_while(shut, |open| !*open).unwrap());
}

/// A thread cannot be cut off: those that stay wait for what it has begun, and begin nothing beside it.
#[tokio::test]
async fn a_blocking_call_goes_on_for_those_that_stay() {
    let stage = Arc::new(Stage::default());
    let routes = Topic::json("orders").on_batch(10, blocking(blocks)).with_state(stage.clone());
    let mut attempts = Attempts::three(routes, &stage);
    attempts.until_called(&stage).await;
    drop(attempts.running.remove(0));
    attempts.turn_often().await;
    stage.set_open();
    attempts.until_ended().await;
    assert_eq!(stage.calls(), [3], "nobody was called for twice");
}

/// Panics when it is dropped: as what a handler holds that is cut off.
struct Touchy;

impl Drop for Touchy {
    fn drop(&mut self) {
        panic!("touched");
    }
}

async fn is_cut_off_at_first(batch: Batch<Placed>, State(stage): OnStage) {
    if stage.called(&batch) {
        let _touchy = Touchy;
        std::future::pending::<()>().await;
    }
}

/// Rule 18: neither who left nor who stayed hears of it.
#[tokio::test]
async fn a_panic_while_a_call_is_cut_off_hurts_nobody() {
    let stage = Arc::new(Stage::default());
    let routes = Topic::json("orders").on_batch(10, is_cut_off_at_first).with_state(stage.clone());
    let mut attempts = Attempts::three(routes, &stage);
    attempts.until_called(&stage).await;
    drop(attempts.running.remove(0));
    attempts.until_ended().await;
    assert_eq!(stage.calls(), [3, 2], "those that stay run in another call");
}

async fn hangs_at_first(batch: Batch<Placed>, State(stage): OnStage) {
    if stage.called(&batch) {
        std::future::pending::<()>().await;
    }
}

/// Rule 10: a process that was stopped while the call ran calls nobody again before it knows that the partition is its own.
#[tokio::test]
async fn rule_10_who_was_cut_off_by_a_neighbour_waits_for_the_lease() {
    let stage = Arc::new(Stage::default());
    let routes = Topic::json("orders").on_batch(10, hangs_at_first).with_state(stage.clone());
    let mut attempts = Attempts::three(routes, &stage);
    attempts.until_called(&stage).await;
    stage.lost.store(true, Ordering::SeqCst);
    drop(attempts.running.remove(0));
    attempts.turn_often().await;
    assert_eq!(stage.calls(), [3]);
    stage.lost.store(false, Ordering::SeqCst);
    attempts.until_ended().await;
    assert_eq!(stage.calls(), [3, 2]);
}

async fn fails_as_a_whole(batch: Batch<Placed>, State(stage): OnStage) -> Result<(), Permanent> {
    if stage.called(&batch) {
        stage.lost.store(true, Ordering::SeqCst);
        return Err(Permanent::new("one of them is bad"));
    }
    Ok(())
}

#[tokio::test]
async fn rule_10_a_repeated_call_waits_for_the_lease() {
    let stage = Arc::new(Stage::default());
    let routes = Topic::json("orders").on_batch(10, fails_as_a_whole).with_state(stage.clone());
    let mut attempts = Attempts::three(routes, &stage);
    attempts.until_called(&stage).await;
    attempts.turn_often().await;
    assert_eq!(stage.calls(), [3]);
    stage.lost.store(false, Ordering::SeqCst);
    attempts.until_ended().await;
    assert_eq!(stage.calls(), [3, 1, 1, 1]);
}

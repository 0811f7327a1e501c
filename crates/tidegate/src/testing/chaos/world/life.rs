//! One life of a process: what it may do, and what becomes of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::site::ROUND_TRIP;
use super::{World, lock};
use crate::clock::simulated::SimClock;
use crate::testing::chaos::moment::{Kind, Moment};
use crate::testing::sim::{Injection, Process};

/// So long after a process was cut off, it may ask the wrong broker for its group.
const RECOVERS: Duration = Duration::from_secs(10);

/// One life of one process. Clones are the same life.
#[derive(Debug, Clone)]
pub(in crate::testing::chaos) struct Life(Arc<Body>);

#[derive(Debug)]
struct Body {
    process: Process,
    world: Arc<World>,
    clock: SimClock,
    dead: AtomicBool,
    died: Notify,
    stop: CancellationToken,
    /// When it last went on after it had been stopped.
    thawed: Mutex<Option<Instant>>,
    /// Until when nothing passes between it and the brokers.
    cut_off: Mutex<Option<Instant>>,
}

impl Life {
    pub(super) fn new(world: Arc<World>, process: Process, clock: SimClock) -> Self {
        Self(Arc::new(Body {
            process,
            world,
            clock,
            dead: AtomicBool::new(false),
            died: Notify::new(),
            stop: CancellationToken::new(),
            thawed: Mutex::new(None),
            cut_off: Mutex::new(None),
        }))
    }

    pub(in crate::testing::chaos) fn process(&self) -> Process {
        self.0.process
    }

    pub(in crate::testing::chaos) fn world(&self) -> &Arc<World> {
        &self.0.world
    }

    pub(in crate::testing::chaos) fn clock(&self) -> &SimClock {
        &self.0.clock
    }

    pub(in crate::testing::chaos) fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }

    pub(in crate::testing::chaos) fn is_dead(&self) -> bool {
        self.0.dead.load(Ordering::Acquire)
    }

    /// Whether it is stopped, and will go on.
    pub(super) fn is_stopped(&self) -> bool {
        self.0.clock.gate().is_shut() && !self.is_dead()
    }

    /// Whether it is stopped or cut off, and will go on.
    pub(super) fn is_away(&self) -> bool {
        self.is_stopped() || !self.is_dead() && !self.left_cut_off().is_zero()
    }

    fn disturb(&self) {
        let mut truth = lock(&self.0.world.truth);
        truth.disturbed.insert(self.0.process);
        truth.excuse(self.0.process, None);
    }

    pub(super) fn die(&self) {
        self.disturb();
        self.0.dead.store(true, Ordering::Release);
        self.0.world.log.silence(self.0.process);
        self.0.died.notify_one();
    }

    pub(super) fn freeze(&self) {
        self.disturb();
        let mut truth = lock(&self.0.world.truth);
        truth.hands(self.0.process).running.values_mut().for_each(|attempt| attempt.held_up = true);
        drop(truth);
        self.0.clock.gate().shut();
        self.0.world.log.silence(self.0.process);
    }

    pub(super) fn has_just_thawed(&self) -> bool {
        lock(&self.0.thawed).is_some_and(|at| at.elapsed() < ROUND_TRIP)
    }

    pub(in crate::testing::chaos) fn thaw(&self) {
        *lock(&self.0.thawed) = Some(Instant::now());
        self.0.world.log.resume(self.0.process);
        self.0.clock.gate().open();
    }

    /// Nothing passes between it and the brokers for so long: its session runs out, and it works on.
    pub(super) fn cut_off(&self, lasts: Duration) {
        self.disturb();
        *lock(&self.0.cut_off) = Some(Instant::now() + lasts);
        self.0.world.log.silence(self.0.process);
    }

    /// For how long it is cut off yet.
    pub(in crate::testing::chaos) fn left_cut_off(&self) -> Duration {
        let until = *lock(&self.0.cut_off);
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    /// Whether it was cut off a moment ago.
    pub(super) fn was_cut_off(&self) -> bool {
        lock(&self.0.cut_off).is_some_and(|until| until.elapsed() < RECOVERS)
    }

    /// Something passes again.
    pub(in crate::testing::chaos) fn reconnect(&self) {
        self.0.world.log.resume(self.0.process);
    }

    /// Resolves when the process was killed.
    pub(in crate::testing::chaos) async fn died(&self) {
        self.0.died.notified().await;
    }

    /// Goes on for ever when the process is dead: nothing that it does has an effect any more.
    pub(in crate::testing::chaos) async fn alive(&self) {
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    /// A step of the process that is no call: waits, or never goes on.
    pub(in crate::testing::chaos) async fn step(&self, moment: Moment) {
        self.alive().await;
        let injection = self.hit(moment, false);
        self.answer(injection).await;
        self.dawdle().await;
    }

    /// Takes a little longer now and then, so that others come first.
    async fn dawdle(&self) {
        match self.0.world.restless() {
            Some(delay) if delay.subsec_millis() < 8 => tokio::task::yield_now().await,
            Some(delay) => tokio::time::sleep(delay).await,
            None => {}
        }
        self.alive().await;
    }

    /// A call of the process to the store, by which something is committed.
    pub(in crate::testing::chaos) async fn call(&self, moment: Moment) -> Injection {
        self.alive().await;
        let injection = self.hit(moment, true);
        if injection == Injection::Crash {
            std::future::pending::<()>().await;
        }
        self.dawdle().await;
        injection
    }

    /// A question to the store; false when there is no answer.
    pub(in crate::testing::chaos) async fn asks_store(&self) -> bool {
        self.alive().await;
        self.dawdle().await;
        !self.0.world.is_away(Kind::StoreAway)
    }

    pub(in crate::testing::chaos) async fn answer(&self, injection: Injection) {
        match injection {
            Injection::Late(delay)
            | Injection::ActsLate(delay)
            | Injection::LoseRequest(delay)
            | Injection::LoseReply(delay) => tokio::time::sleep(delay).await,
            Injection::Crash | Injection::CrashAfter => std::future::pending().await,
            Injection::Nothing | Injection::Refuse | Injection::RefuseCommit(_) => {}
        }
        self.alive().await;
    }
}

//! The clock of one simulated process: tokio's time, a wall clock that may jump, entropy from a seed; and the gate that
//! stops the process as SIGSTOP does.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;

use crate::message::Timestamp;
use crate::policy::derive;

/// Clones are the same process's clock.
#[derive(Debug, Clone)]
pub(crate) struct SimClock(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    began: Instant,
    epoch: AtomicI64,
    seed: u64,
    draws: Mutex<Draws>,
    gate: Gate,
}

/// How often the process asked, and how often at the same moment.
#[derive(Debug, Default)]
struct Draws {
    count: u64,
    last: Duration,
    here: u32,
}

/// A process that takes so many steps without time going by waits for nothing, and would go on for ever.
const SPINS: u32 = 100_000;

impl SimClock {
    /// Begins now, at this wall time; what it draws comes from the seed.
    pub(crate) fn new(epoch: Timestamp, seed: u64) -> Self {
        Self(Arc::new(Shared {
            began: Instant::now(),
            epoch: AtomicI64::new(epoch.0),
            seed,
            draws: Mutex::default(),
            gate: Gate::default(),
        }))
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.0.began.elapsed()
    }

    pub(super) fn wall(&self) -> Timestamp {
        let passed = i64::try_from(self.elapsed().as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.0.epoch.load(Ordering::Relaxed).saturating_add(passed))
    }

    /// Fault F21: the wall clock is set to another time.
    pub(crate) fn set_back(&self, millis: i64) {
        self.0.epoch.fetch_sub(millis, Ordering::Relaxed);
    }

    pub(super) fn entropy(&self) -> u64 {
        let (mut draws, now) = (lock(&self.0.draws), self.elapsed());
        draws.count += 1;
        draws.here = if draws.last == now { draws.here + 1 } else { 0 };
        draws.last = now;
        if draws.here > SPINS {
            self.0.gate.shut(); // so that the world's time can go on, and somebody notices
        }
        derive(self.0.seed, draws.count)
    }

    /// Whether it was stopped because it waits for nothing.
    pub(crate) fn spins(&self) -> bool {
        lock(&self.0.draws).here > SPINS
    }

    pub(super) async fn reached(&self, at: Duration) {
        match self.0.began.checked_add(at) {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await, // behind the end of time
        }
    }

    pub(crate) fn gate(&self) -> Gate {
        self.0.gate.clone()
    }
}

/// Lets tasks run, or not. Clones are the same gate.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<Door>>);

#[derive(Debug, Default)]
struct Door {
    shut: bool,
    waiting: Vec<Waker>,
}

impl Gate {
    /// Nothing behind it runs from now on.
    pub(crate) fn shut(&self) {
        lock(&self.0).shut = true;
    }

    /// Whether nothing behind it runs.
    pub(crate) fn is_shut(&self) -> bool {
        lock(&self.0).shut
    }

    /// Everything behind it goes on.
    pub(crate) fn open(&self) {
        let mut door = lock(&self.0);
        door.shut = false;
        door.waiting.drain(..).for_each(Waker::wake);
    }

    /// Runs the task while the gate is open.
    pub(crate) async fn pass<F: Future>(self, task: F) -> F::Output {
        let mut task = pin!(task);
        poll_fn(|cx| {
            let mut door = lock(&self.0);
            if door.shut {
                door.waiting.push(cx.waker().clone());
                return Poll::Pending;
            }
            drop(door);
            task.as_mut().poll(cx)
        })
        .await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

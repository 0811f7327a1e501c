//! How many connections are open at once, over all services of the process, and which one has to go.
//!
//! ```text
//!  accept ─▶ free place? ── yes ─▶ idle ⇄ busy (a request is being answered)
//!                       └── no ──▶ the one that has been idle longest is closed, and its place taken
//! ```
//!
//! So clients that open connections and say nothing cannot keep others out, whatever the limit of open files is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The places for connections. Clones share them.
#[derive(Debug, Clone)]
pub struct Connections {
    places: Arc<Semaphore>,
    idle: Arc<Mutex<Idle>>,
}

/// Idle connections by the moment they became idle; the first one has waited longest.
#[derive(Debug, Default)]
struct Idle {
    moments: u64,
    waiting: BTreeMap<u64, CancellationToken>,
}

/// Files that the process needs besides its connections: log segments, databases, ledgers.
const OTHER_FILES: usize = 256;
/// More would not make anything faster.
const MOST: usize = 16_384;
/// Assumed where the system does not say.
const USUAL_FILES: usize = 1_024;

impl Connections {
    /// So many places.
    #[must_use]
    pub fn new(places: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), idle: Arc::default() }
    }

    /// As many as the limit of open files leaves room for, up to 16,384.
    #[must_use]
    pub fn within_open_files() -> Self {
        let files = open_files().unwrap_or(USUAL_FILES);
        Self::new(files.saturating_sub(OTHER_FILES).clamp(64, MOST))
    }

    /// A place for one more connection. Closes the longest idle one when all are taken; waits when all are busy.
    pub(super) async fn admit(&self) -> Place {
        let permit = match self.places.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                self.close_longest_idle();
                self.places.clone().acquire_owned().await.expect("the semaphore is never closed")
            }
        };
        let mut place = Place {
            idle: self.idle.clone(),
            closing: CancellationToken::new(),
            since: None,
            _permit: permit,
        };
        place.idle();
        place
    }

    /// Frees a file: used when the system has run out of them.
    pub(super) fn close_longest_idle(&self) {
        if let Some((_, closing)) = lock(&self.idle).waiting.pop_first() {
            closing.cancel();
        }
    }
}

/// The soft limit of open files, where the system tells it as Linux does.
fn open_files() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// One connection's place; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    idle: Arc<Mutex<Idle>>,
    closing: CancellationToken,
    since: Option<u64>,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    /// Cancelled when the connection has to go. It may still finish a request that has just begun.
    pub(super) fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// A request has begun.
    pub(super) fn busy(&mut self) {
        if let Some(since) = self.since.take() {
            lock(&self.idle).waiting.remove(&since);
        }
    }

    /// Its answer is ready.
    pub(super) fn idle(&mut self) {
        let mut idle = lock(&self.idle);
        idle.moments += 1;
        let moment = idle.moments;
        idle.waiting.insert(moment, self.closing.clone());
        self.since = Some(moment);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.busy();
    }
}

/// Holds plain counters: they are whole even if a holder panicked.
fn lock(idle: &Mutex<Idle>) -> MutexGuard<'_, Idle> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn the_longest_idle_one_makes_room() {
        let connections = Connections::new(2);
        let mut first = connections.admit().await;
        let second = connections.admit().await;
        first.busy();
        first.idle();
        let mut third = Box::pin(connections.admit());
        assert!(third.as_mut().now_or_never().is_none(), "both places are taken");
        assert!(second.closing().is_cancelled() && !first.closing().is_cancelled());
        drop(second);
        third.await;
    }

    #[tokio::test]
    async fn a_busy_one_is_never_closed() {
        let connections = Connections::new(1);
        let mut busy = connections.admit().await;
        busy.busy();
        let mut next = Box::pin(connections.admit());
        assert!(next.as_mut().now_or_never().is_none());
        assert!(!busy.closing().is_cancelled());
        drop(busy);
        next.await;
    }
}

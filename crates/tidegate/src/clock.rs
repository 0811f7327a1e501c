//! Time as the runtime sees it: the machine's, or a virtual one that tests move.
//!
//! All waiting of the runtime (back-off, timeouts, commit interval) goes through a [`Clock`]. I/O never does: a
//! database or the log's writer takes real time under a virtual clock too, and does not make it move.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::consumer::core::Now;
use crate::message::Timestamp;

/// Where the runtime's time comes from. Clones share one time.
#[derive(Debug, Clone)]
pub(crate) enum Clock {
    /// The machine's clock; the instant is the arbitrary start.
    System(Instant),
    /// Moves only when it is told to.
    #[cfg(feature = "testing")]
    Virtual(virtual_time::VirtualClock),
    /// Tokio's time, which a simulated world pauses; everything else about it comes from the world's seed.
    #[cfg(feature = "testing")]
    Simulated(simulated::SimClock),
}

impl Clock {
    /// The machine's clock.
    pub(crate) fn system() -> Self {
        Self::System(Instant::now())
    }

    /// Never goes back.
    pub(crate) fn elapsed(&self) -> Duration {
        match self {
            Self::System(start) => start.elapsed(),
            #[cfg(feature = "testing")]
            Self::Virtual(clock) => clock.elapsed(),
            #[cfg(feature = "testing")]
            Self::Simulated(clock) => clock.elapsed(),
        }
    }

    /// The same, where it says how long a thread was kept: a virtual clock, which a test moves, does not.
    pub(crate) fn of_threads(&self) -> Option<Duration> {
        match self {
            #[cfg(feature = "testing")]
            Self::Virtual(_) => None,
            other => Some(other.elapsed()),
        }
    }

    /// The wall clock.
    pub(crate) fn wall(&self) -> Timestamp {
        match self {
            Self::System(_) => wall_now(),
            #[cfg(feature = "testing")]
            Self::Virtual(clock) => clock.wall(),
            #[cfg(feature = "testing")]
            Self::Simulated(clock) => clock.wall(),
        }
    }

    /// What one event of the core comes with.
    pub(crate) fn now(&self) -> Now {
        Now { elapsed: self.elapsed(), wall: self.wall(), entropy: self.entropy() }
    }

    fn entropy(&self) -> u64 {
        match self {
            #[cfg(feature = "testing")]
            Self::Simulated(clock) => clock.entropy(),
            _ => fastrand::u64(..),
        }
    }

    /// Runs a task only while its process is not stopped, as a simulated world may do; else as it is.
    pub(crate) fn gated<F: Future + Send>(
        &self,
        task: F,
    ) -> impl Future<Output = F::Output> + Send + use<F> {
        #[cfg(feature = "testing")]
        let gate = match self {
            Self::Simulated(clock) => Some(clock.gate()),
            _ => None,
        };
        async move {
            #[cfg(feature = "testing")]
            if let Some(gate) = gate {
                return gate.pass(task).await;
            }
            task.await
        }
    }

    /// Waits until [`elapsed`](Self::elapsed) has reached `at`. Cancel safe.
    pub(crate) async fn sleep_until(&self, at: Duration) {
        match self {
            Self::System(start) => match start.checked_add(at) {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await, // behind the end of time
            },
            #[cfg(feature = "testing")]
            Self::Virtual(clock) => clock.reached(at).await,
            #[cfg(feature = "testing")]
            Self::Simulated(clock) => clock.reached(at).await,
        }
    }

    /// Moves virtual time on to this point. The machine's clock moves by itself.
    #[cfg_attr(not(feature = "testing"), expect(unused_variables, reason = "only tests move time"))]
    pub(crate) fn jump_to(&self, at: Duration) {
        match self {
            Self::System(_) => {}
            #[cfg(feature = "testing")]
            Self::Virtual(clock) => clock.jump_to(at),
            #[cfg(feature = "testing")]
            Self::Simulated(_) => {} // it moves by itself
        }
    }

    /// Waits for so long.
    pub(crate) async fn sleep(&self, delay: Duration) {
        self.sleep_until(self.elapsed().saturating_add(delay)).await;
    }
}

pub(crate) fn wall_now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(feature = "testing")]
pub(crate) mod simulated;

#[cfg(feature = "testing")]
pub(crate) mod virtual_time {
    //! A clock for tests. It stands still while work is going on, and jumps to the next deadline when nothing else
    //! can happen and somebody waits for the service to settle.

    use std::sync::Arc;
    use std::time::Duration;

    use tokio::sync::watch;

    use crate::message::Timestamp;

    /// Shared by a service, its attempts and the test that moves it.
    #[derive(Debug, Clone)]
    pub(crate) struct VirtualClock(Arc<Shared>);

    #[derive(Debug)]
    struct Shared {
        base: Timestamp,
        elapsed: watch::Sender<Duration>,
        /// How many wait for the service to settle: only then does time move by itself.
        flowing: watch::Sender<usize>,
    }

    impl VirtualClock {
        /// Starts at the machine's wall time, and stands still.
        pub(crate) fn new() -> Self {
            Self(Arc::new(Shared {
                base: super::wall_now(),
                elapsed: watch::Sender::new(Duration::ZERO),
                flowing: watch::Sender::new(0),
            }))
        }

        pub(super) fn elapsed(&self) -> Duration {
            *self.0.elapsed.borrow()
        }

        pub(super) fn wall(&self) -> Timestamp {
            let passed = i64::try_from(self.elapsed().as_millis()).unwrap_or(i64::MAX);
            Timestamp(self.0.base.0.saturating_add(passed))
        }

        pub(super) async fn reached(&self, at: Duration) {
            let mut elapsed = self.0.elapsed.subscribe();
            let closed = elapsed.wait_for(|now| *now >= at).await.is_err();
            debug_assert!(!closed, "the sender is held by self");
        }

        /// Moves on by so much, whatever is going on.
        pub(crate) fn advance(&self, by: Duration) {
            self.0.elapsed.send_modify(|now| *now += by);
        }

        /// Moves to a point in time, if that lies ahead.
        pub(crate) fn jump_to(&self, at: Duration) {
            self.0.elapsed.send_if_modified(|now| {
                let ahead = at > *now;
                *now = at.max(*now);
                ahead
            });
        }

        /// Lets time move by itself until the guard is dropped.
        pub(crate) fn flow(&self) -> Flow {
            self.0.flowing.send_modify(|waiting| *waiting += 1);
            Flow(self.clone())
        }

        /// Waits until somebody lets time flow.
        pub(crate) async fn flowing(&self) {
            let mut waiting = self.0.flowing.subscribe();
            let closed = waiting.wait_for(|waiting| *waiting > 0).await.is_err();
            debug_assert!(!closed, "the sender is held by self");
        }
    }

    /// Time moves by itself while this lives.
    #[derive(Debug)]
    pub(crate) struct Flow(VirtualClock);

    impl Drop for Flow {
        fn drop(&mut self) {
            self.0.0.flowing.send_modify(|waiting| *waiting -= 1);
        }
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::virtual_time::VirtualClock;
    use super::*;

    #[tokio::test]
    async fn virtual_time_stands_still_until_it_is_moved() {
        let moved = VirtualClock::new();
        let clock = Clock::Virtual(moved.clone());
        let start = clock.now();
        let sleep = clock.sleep(Duration::from_secs(60));
        tokio::pin!(sleep);
        assert!(futures_util::poll!(&mut sleep).is_pending());
        moved.advance(Duration::from_secs(60));
        sleep.await;
        assert_eq!(clock.elapsed() - start.elapsed, Duration::from_secs(60));
        assert_eq!(clock.wall().0 - start.wall.0, 60_000);
    }

    /// A retry or a time limit may be as long as a `Duration` can be.
    #[tokio::test]
    async fn a_wait_without_end_is_no_overflow() {
        let clock = Clock::system();
        let forever = futures_util::future::join(
            clock.sleep(Duration::MAX),
            clock.sleep_until(Duration::MAX),
        );
        tokio::pin!(forever);
        assert!(futures_util::poll!(&mut forever).is_pending());
    }

    #[test]
    fn virtual_time_never_goes_back() {
        let moved = VirtualClock::new();
        moved.advance(Duration::from_secs(5));
        moved.jump_to(Duration::from_secs(3));
        assert_eq!(Clock::Virtual(moved).elapsed(), Duration::from_secs(5));
    }
}

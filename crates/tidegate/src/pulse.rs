//! A service's own pulse: whether its loop turns.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Clock;

/// The loop turns so often at least.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// So long after its time a turn is late: rebalances and commits wait for it, and the group may put the member out. With
/// [`EVERY`] it is told within 5 s of the cause.
pub(crate) const LATE: Duration = Duration::from_secs(3);

/// Written by the loop, read by whoever asks for readiness.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    clock: OnceLock<Clock>,
    /// The last turn, in milliseconds of the clock.
    turned: AtomicU64,
}

impl Pulse {
    /// The loop turns; says by how much this turn came late, where it did.
    pub(crate) fn turn(&self, clock: &Clock) -> Option<Duration> {
        let now = millis(self.clock.get_or_init(|| clock.clone()).of_threads()?);
        let last = self.turned.swap(now.max(1), Ordering::AcqRel);
        Self::late(last, now)
    }

    /// By how much the next turn is late at this moment, if it is.
    pub(crate) fn lateness(&self) -> Option<Duration> {
        let now = millis(self.clock.get()?.of_threads()?);
        Self::late(self.turned.load(Ordering::Acquire), now)
    }

    fn late(last: u64, now: u64) -> Option<Duration> {
        let due = Duration::from_millis(last) + EVERY;
        let late = Duration::from_millis(now).checked_sub(due)?;
        (last > 0 && late >= LATE).then_some(late)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::clock::simulated::SimClock;
    use crate::message::Timestamp;

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_stands_still_is_late_whoever_asks() {
        let (clock, pulse) = (SimClock::new(Timestamp(0), 1), Pulse::default());
        assert_eq!(pulse.lateness(), None, "it has not turned yet");
        let turns = Clock::Simulated(clock);
        assert_eq!(pulse.turn(&turns), None);
        tokio::time::advance(Duration::from_secs(7)).await;
        let late = pulse.lateness().expect("late by now");
        assert!(late >= LATE, "{late:?}");
        assert_eq!(pulse.turn(&turns), Some(late), "and the turn says so");
        assert_eq!((pulse.lateness(), pulse.turn(&turns)), (None, None));
    }

    #[test]
    fn a_turn_is_late_three_seconds_after_it_was_due() {
        assert_eq!(Pulse::late(1_000, 4_999), None);
        assert_eq!(Pulse::late(1_000, 5_000), Some(LATE));
        assert_eq!(Pulse::late(0, 60_000), None, "it has not turned yet");
    }
}

//! What was handed to the broker and is not acknowledged: a broker may answer every question, and take nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So long without an acknowledgement, and the producer is not ready.
const LONG: Duration = Duration::from_secs(3);

/// Calls that wait, oldest first.
#[derive(Debug, Default)]
pub(super) struct Underway(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    calls: u64,
    since: BTreeMap<u64, Instant>,
}

impl Underway {
    /// Counts a call for as long as the guard lives.
    pub(super) fn begin(&self) -> Call<'_> {
        self.begin_at(Instant::now())
    }

    fn begin_at(&self, now: Instant) -> Call<'_> {
        let mut waiting = self.lock();
        waiting.calls += 1;
        let number = waiting.calls;
        waiting.since.insert(number, now);
        Call { of: self, number }
    }

    /// Why nothing should be sent here for now.
    pub(super) fn trouble(&self, now: Instant) -> Option<String> {
        let waiting = self.lock();
        let oldest = now.saturating_duration_since(*waiting.since.first_key_value()?.1);
        let seconds = Duration::from_secs(oldest.as_secs());
        (oldest >= LONG).then(|| {
            let count = waiting.since.len();
            format!(
                "requests that wait for an acknowledgement: {count}, the oldest for {seconds:?}"
            )
        })
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call that waits; it does not any more when this is dropped.
#[derive(Debug)]
pub(super) struct Call<'a> {
    of: &'a Underway,
    number: u64,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.of.lock().since.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_long_is_told_until_it_waits_no_more() {
        let (underway, start) = (Underway::default(), Instant::now());
        let after = |seconds| underway.trouble(start + Duration::from_secs(seconds));
        assert_eq!(after(60), None);
        let first = underway.begin_at(start);
        let second = underway.begin_at(start + Duration::from_secs(2));
        assert_eq!(after(2), None);
        let told = after(3).unwrap();
        assert!(told.contains(": 2, the oldest for 3s"), "{told}");
        drop(first);
        assert_eq!(after(4), None);
        assert!(after(5).unwrap().contains(": 1, "));
        drop(second);
        assert_eq!(after(60), None);
    }
}

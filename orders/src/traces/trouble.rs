//! Spans that are lost are told once, and once more when it is over.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two warnings: a receiver that comes and goes fills no log.
const SILENCE: Duration = Duration::from_secs(60);

/// Whether spans are being lost, and who knows of it.
#[derive(Debug)]
pub(super) struct Trouble {
    receiver: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Spans that were lost since the last time it was over.
    lost: u64,
    /// It was told that spans are lost, and not yet that it is over.
    told: bool,
    last: Option<Instant>,
}

impl Trouble {
    pub(super) fn new(receiver: &str) -> Self {
        Self { receiver: receiver.to_owned(), state: Mutex::default() }
    }

    /// Spans were lost. `why` is fit for a log.
    pub(super) fn lost(&self, spans: usize, why: &str) {
        if self.counts(spans, Instant::now()) {
            tracing::warn!(
                receiver = self.receiver,
                why,
                "traces are lost: their receiver does not take them; events are not affected"
            );
        }
    }

    /// Spans arrived, and there is room for more.
    pub(super) fn over(&self) {
        if let Some(lost) = self.ends() {
            tracing::info!(receiver = self.receiver, lost, "traces are sent again");
        }
    }

    /// Whether it has to be told.
    fn counts(&self, spans: usize, now: Instant) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.lost = state.lost.saturating_add(spans as u64);
        let silent = state.last.is_some_and(|last| now.duration_since(last) < SILENCE);
        if state.told || silent {
            return false;
        }
        (state.told, state.last) = (true, Some(now));
        true
    }

    /// How many were lost, where it was told that some are.
    fn ends(&self) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let told = std::mem::take(&mut state.told);
        told.then(|| std::mem::take(&mut state.lost))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_once_and_once_that_it_is_over() {
        let (trouble, now) = (Trouble::new("x"), Instant::now());
        assert_eq!(trouble.ends(), None);
        assert!(trouble.counts(3, now));
        assert!(!trouble.counts(4, now + SILENCE * 2), "for as long as it lasts");
        assert_eq!(trouble.ends(), Some(7));
        assert_eq!(trouble.ends(), None);
    }

    #[test]
    fn a_receiver_that_comes_and_goes_is_told_of_once_a_minute() {
        let (trouble, now) = (Trouble::new("x"), Instant::now());
        assert!(trouble.counts(1, now));
        assert_eq!(trouble.ends(), Some(1));
        assert!(!trouble.counts(1, now + SILENCE / 2));
        assert_eq!(trouble.ends(), None, "nobody was told");
        assert!(trouble.counts(1, now + SILENCE));
        assert_eq!(trouble.ends(), Some(2), "with those of the silence");
    }
}

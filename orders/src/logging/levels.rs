//! Which filter counts now: the one that was set last, or for a while another one.
//!
//! ```text
//!  LOG_LEVEL ─▶ lasting ◀─ set          passing ◀─ set for 10 m
//!                  └───── counts ◀──────────┘ as long as it lasts
//! ```

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::limiter::Clock;

/// Makes a filter count.
pub(super) type Apply = Box<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// Changes the filter of this process while it runs.
pub struct Levels {
    state: Mutex<State>,
    apply: Apply,
    clock: Clock,
}

#[derive(Debug)]
struct State {
    at_start: String,
    lasting: String,
    /// Until then.
    passing: Option<(String, Duration)>,
}

/// The filter that counts, and what comes after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Counts now.
    pub filter: String,
    /// `LOG_LEVEL`.
    pub at_start: String,
    /// What it goes back to by itself, and in how many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goes_back: Option<GoesBack>,
}

/// The end of a filter that was set for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoesBack {
    /// The filter that counts then.
    pub to: String,
    /// How long until then.
    pub in_seconds: u64,
}

impl fmt::Debug for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Levels").field("state", &*self.state()).finish_non_exhaustive()
    }
}

impl Levels {
    pub(super) fn new(filter: &str, apply: Apply, clock: Clock) -> Self {
        let state =
            State { at_start: filter.to_owned(), lasting: filter.to_owned(), passing: None };
        Self { state: Mutex::new(state), apply, clock }
    }

    /// At `info`, with a clock that stands still; tells what is applied.
    #[cfg(test)]
    pub(crate) fn that_tell(
        applied: impl Fn(&str) + Send + Sync + 'static,
    ) -> std::sync::Arc<Self> {
        let apply = move |filter: &str| {
            applied(filter);
            Ok(())
        };
        let clock = std::sync::Arc::new(|| Duration::ZERO);
        std::sync::Arc::new(Self::new("info", Box::new(apply), clock))
    }

    /// What counts now.
    #[must_use]
    pub fn shown(&self) -> Shown {
        self.state().shown((self.clock)())
    }

    /// Makes a filter count: for a while, or until another one is set. It was [checked](super::check_filter).
    ///
    /// # Errors
    /// When there is no log to filter any more.
    pub fn set(&self, filter: &str, passing: Option<Duration>) -> Result<Shown, String> {
        let mut state = self.state();
        (self.apply)(filter)?;
        let now = (self.clock)();
        match passing {
            Some(lasts) => state.passing = Some((filter.to_owned(), now.saturating_add(lasts))),
            None => (state.lasting, state.passing) = (filter.to_owned(), None),
        }
        Ok(state.shown(now))
    }

    /// Goes back when it is time; gives the filter that counts from now on.
    pub(super) fn tick(&self) -> Option<String> {
        let mut state = self.state();
        let now = (self.clock)();
        state.passing.take_if(|(_, until)| *until <= now)?;
        // Without a log nothing is left to filter.
        let _ = (self.apply)(&state.lasting);
        Some(state.lasting.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn shown(&self, now: Duration) -> Shown {
        let (filter, goes_back) = match &self.passing {
            None => (self.lasting.clone(), None),
            Some((filter, until)) => {
                let in_seconds = until.saturating_sub(now).as_secs();
                (filter.clone(), Some(GoesBack { to: self.lasting.clone(), in_seconds }))
            }
        };
        Shown { filter, at_start: self.at_start.clone(), goes_back }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Levels, their clock in seconds, and what was applied.
    fn levels() -> (Levels, Arc<AtomicU64>, Arc<Mutex<Vec<String>>>) {
        let (time, applied) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (now, list) = (time.clone(), applied.clone());
        let clock = Arc::new(move || Duration::from_secs(now.load(Ordering::Relaxed)));
        let apply = move |filter: &str| {
            list.lock().unwrap().push(filter.to_owned());
            Ok(())
        };
        (Levels::new("info", Box::new(apply), clock), time, applied)
    }

    #[test]
    fn a_filter_that_was_set_for_a_while_goes_back_by_itself() {
        let (levels, time, applied) = levels();
        levels.set("warn", None).unwrap();
        let shown = levels.set("debug", Some(Duration::from_secs(600))).unwrap();
        assert_eq!((shown.filter.as_str(), shown.at_start.as_str()), ("debug", "info"));
        assert_eq!(shown.goes_back, Some(GoesBack { to: "warn".into(), in_seconds: 600 }));
        time.store(599, Ordering::Relaxed);
        assert_eq!(levels.tick(), None);
        time.store(600, Ordering::Relaxed);
        assert_eq!(levels.tick().as_deref(), Some("warn"));
        assert_eq!(levels.tick(), None);
        assert_eq!(levels.shown().filter, "warn");
        assert_eq!(*applied.lock().unwrap(), ["warn", "debug", "warn"]);
    }

    #[test]
    fn one_that_lasts_ends_one_that_passes() {
        let (levels, time, _) = levels();
        levels.set("debug", Some(Duration::from_secs(10))).unwrap();
        levels.set("trace", Some(Duration::from_secs(20))).unwrap();
        assert_eq!(levels.shown().goes_back.unwrap().to, "info", "not to the one that passes");
        let shown = levels.set("error", None).unwrap();
        assert_eq!((shown.filter.as_str(), shown.goes_back), ("error", None));
        time.store(30, Ordering::Relaxed);
        assert_eq!(levels.tick(), None);
    }
}

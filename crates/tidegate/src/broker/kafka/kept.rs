//! Clients that are kept for a while, because the next question may be for the same.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What nobody used for so long is let go.
const IDLE: Duration = Duration::from_secs(20);

/// A few idle clients, the one that was used last in front. Whoever takes one has it alone.
#[derive(Debug)]
pub(super) struct Kept<T> {
    most: usize,
    idle: Mutex<VecDeque<(Instant, T)>>,
}

impl<T> Kept<T> {
    pub(super) const fn new(most: usize) -> Self {
        Self { most, idle: Mutex::new(VecDeque::new()) }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Instant, T)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self, fits: impl Fn(&T) -> bool) -> Option<T> {
        let mut idle = self.lock();
        let found = idle.iter().position(|(_, client)| fits(client))?;
        idle.remove(found).map(|(_, client)| client)
    }

    /// The one that was used longest ago, if there are as many as are kept.
    pub(super) fn take_oldest_of_many(&self) -> Option<T> {
        let mut idle = self.lock();
        if idle.len() < self.most { None } else { idle.pop_back().map(|(_, client)| client) }
    }

    /// Blocks where one is too many: to drop a client takes time.
    pub(super) fn put(&self, client: T) {
        let oldest = {
            let mut idle = self.lock();
            idle.push_front((Instant::now(), client));
            if idle.len() > self.most { idle.pop_back() } else { None }
        };
        drop(oldest);
    }

    /// Lets go of what was idle for long. Blocks as [`put`](Self::put) does.
    pub(super) fn tidy(&self) {
        let old = {
            let mut idle = self.lock();
            let stay = idle.iter().take_while(|(since, _)| since.elapsed() < IDLE).count();
            idle.split_off(stay)
        };
        drop(old);
    }

    /// Lets go of all. Blocks as [`put`](Self::put) does.
    pub(super) fn clear(&self) {
        let all = std::mem::take(&mut *self.lock());
        drop(all);
    }

    pub(super) fn each(&self, see: impl Fn(&T)) {
        self.lock().iter().for_each(|(_, client)| see(client));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let kept = Kept::new(2);
        [1, 2, 3].into_iter().for_each(|n| kept.put(n));
        assert_eq!(kept.take(|n| *n == 1), None);
        assert_eq!(kept.take(|n| *n == 2), Some(2));
        assert_eq!(kept.take(|n| *n == 2), None, "taken");
        kept.tidy();
        assert_eq!(kept.take(|_| true), Some(3), "it was used just now");
    }

    #[test]
    fn the_oldest_is_used_anew_when_there_are_as_many_as_are_kept() {
        let kept = Kept::new(2);
        kept.put(1);
        assert_eq!(kept.take_oldest_of_many(), None, "there may be another one");
        kept.put(2);
        assert_eq!(kept.take_oldest_of_many(), Some(1));
        assert_eq!(kept.take_oldest_of_many(), None);
    }
}

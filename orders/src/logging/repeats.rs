//! The same line again and again: a few are shown, the rest are counted, and summed up when the window is over.
//!
//! ```text
//!  window of 10 s:  1 2 3 ... 20 │ hidden, hidden, hidden ...           │ "repeated 392 times in 10 s: ..."
//!                                └ from here on this key is only counted └ told by the log's keeper
//! ```
//!
//! Memory is bounded: so many keys at most. Of one more there is nothing to say, and whoever asks decides.

use std::collections::HashMap;
use std::time::Duration;

/// So many lines of one key are shown in a window.
pub(super) const SHOWN: u64 = 20;
/// How long a window lasts.
pub(super) const WINDOW: Duration = Duration::from_secs(10);
/// So many keys are told apart.
pub(super) const KEYS: usize = 1_024;
/// Between two looks for windows that are over, when there is no room: they cost more than a line may.
const LOOK: Duration = Duration::from_secs(1);

/// What makes two lines the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The place in the program that writes it.
    pub(super) place: usize,
    /// What it says, as far as that tells it from others.
    pub(super) says: u64,
}

/// Counts lines by their key. `T` is what the summing up needs to know of a line.
#[derive(Debug)]
pub(super) struct Repeats<T> {
    windows: HashMap<Key, Window<T>>,
    /// When it last looked for windows that are over.
    looked: Option<Duration>,
}

#[derive(Debug)]
struct Window<T> {
    since: Duration,
    lines: u64,
    about: Option<T>,
}

/// What was not shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hidden<T> {
    pub(super) about: T,
    pub(super) times: u64,
    pub(super) within: Duration,
}

impl<T> Repeats<T> {
    pub(super) fn new() -> Self {
        Self { windows: HashMap::new(), looked: None }
    }

    /// Whether this line is shown; none when there is no room for its key. `about` is asked for when it is the first that
    /// is not shown.
    pub(super) fn shows(
        &mut self,
        key: Key,
        now: Duration,
        about: impl FnOnce() -> T,
    ) -> Option<bool> {
        if !self.windows.contains_key(&key) && !self.has_room(now) {
            return None;
        }
        let window = self.windows.entry(key).or_insert_with(|| Window::new(now));
        // One with hidden lines ends when they are told.
        if window.is_over(now) && window.about.is_none() {
            *window = Window::new(now);
        }
        window.lines = window.lines.saturating_add(1);
        let shown = window.lines <= SHOWN;
        if !shown && window.about.is_none() {
            window.about = Some(about());
        }
        Some(shown)
    }

    /// Forgets what is over to make room, now and then.
    fn has_room(&mut self, now: Duration) -> bool {
        let is_time = self.looked.is_none_or(|looked| now.saturating_sub(looked) >= LOOK);
        if self.windows.len() >= KEYS && is_time {
            self.looked = Some(now);
            self.windows.retain(|_, window| !window.is_over(now) || window.about.is_some());
        }
        self.windows.len() < KEYS
    }

    /// What was hidden in windows that are over; they are forgotten.
    pub(super) fn over(&mut self, now: Duration) -> Vec<Hidden<T>> {
        let over = self.windows.extract_if(|_, window| window.is_over(now));
        over.filter_map(|(_, window)| window.hidden(now)).collect()
    }

    /// What is hidden now, whether its window is over or not: nothing comes after this.
    pub(super) fn rest(&mut self, now: Duration) -> Vec<Hidden<T>> {
        self.windows.drain().filter_map(|(_, window)| window.hidden(now)).collect()
    }
}

impl<T> Window<T> {
    const fn new(now: Duration) -> Self {
        Self { since: now, lines: 0, about: None }
    }

    fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.since) >= WINDOW
    }

    fn hidden(self, now: Duration) -> Option<Hidden<T>> {
        let (times, within) = (self.lines.saturating_sub(SHOWN), now.saturating_sub(self.since));
        Some(Hidden { about: self.about?, times, within })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn key(place: usize, says: u64) -> Key {
        Key { place, says }
    }

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    /// How many of so many lines of this key are shown.
    fn shown(repeats: &mut Repeats<&'static str>, key: Key, now: Duration, lines: u64) -> u64 {
        (0..lines).filter(|_| repeats.shows(key, now, || "it") == Some(true)).count() as u64
    }

    #[test]
    fn what_is_over_the_limit_is_hidden_and_summed_up_once() {
        let mut repeats = Repeats::new();
        assert_eq!(shown(&mut repeats, key(1, 1), secs(0), SHOWN), SHOWN);
        assert_eq!(shown(&mut repeats, key(1, 1), secs(3), 412), 0);
        assert_eq!(repeats.over(secs(9)), [], "the window is not over");
        let told = Hidden { about: "it", times: 412, within: secs(10) };
        assert_eq!(repeats.over(secs(10)), [told]);
        assert_eq!(repeats.over(secs(20)), []);
        assert_eq!(shown(&mut repeats, key(1, 1), secs(20), 1), 1, "a new window");
    }

    #[test]
    fn few_lines_are_never_hidden_however_long_they_go_on() {
        let mut repeats = Repeats::new();
        for window in 0..50 {
            assert_eq!(shown(&mut repeats, key(1, 1), WINDOW * window, SHOWN), SHOWN);
        }
        assert_eq!(repeats.rest(WINDOW * 50), []);
    }

    #[test]
    fn what_was_hidden_is_not_forgotten_when_nobody_asks_in_time() {
        let mut repeats = Repeats::new();
        shown(&mut repeats, key(1, 1), secs(0), SHOWN + 5);
        assert_eq!(
            shown(&mut repeats, key(1, 1), secs(60), 2),
            0,
            "its window ends when it is told"
        );
        assert_eq!(repeats.over(secs(61))[0].times, 7);
    }

    #[test]
    fn keys_do_not_hide_each_other() {
        let mut repeats = Repeats::new();
        assert_eq!(shown(&mut repeats, key(1, 1), secs(0), 1_000), SHOWN);
        assert_eq!(shown(&mut repeats, key(1, 2), secs(0), 1_000), SHOWN);
        assert_eq!(shown(&mut repeats, key(2, 1), secs(0), 1_000), SHOWN);
        let mut times: Vec<_> = repeats.rest(secs(1)).into_iter().map(|h| h.times).collect();
        times.sort_unstable();
        assert_eq!(times, [1_000 - SHOWN; 3]);
    }

    /// How many of so many new keys find room.
    fn find_room(
        repeats: &mut Repeats<&'static str>,
        keys: std::ops::Range<u64>,
        now: Duration,
    ) -> usize {
        keys.filter(|says| repeats.shows(key(7, *says), now, || "it").is_some()).count()
    }

    #[test]
    fn memory_is_bounded_and_what_is_over_makes_room() {
        let mut repeats = Repeats::new();
        assert_eq!(find_room(&mut repeats, 0..5_000, secs(0)), KEYS);
        assert_eq!(shown(&mut repeats, key(7, 3), secs(1), SHOWN + 5), SHOWN - 1, "a known one");
        assert_eq!(repeats.windows.len(), KEYS);
        assert_eq!(find_room(&mut repeats, 5_000..9_000, secs(9)), 0);
        assert_eq!(find_room(&mut repeats, 5_000..9_000, secs(10)), KEYS - 1, "one is to be told");
        assert_eq!(repeats.over(secs(10)).len(), 1);
        assert_eq!(find_room(&mut repeats, 9_000..9_999, secs(10)), 1);
    }

    /// Each look goes through all keys: not for each line.
    #[test]
    fn without_room_it_looks_for_some_once_a_second() {
        let mut repeats = Repeats::new();
        let (half, millis) = (KEYS as u64 / 2, Duration::from_millis);
        find_room(&mut repeats, 0..half, millis(0));
        find_room(&mut repeats, half..KEYS as u64, millis(500));
        assert_eq!(find_room(&mut repeats, 2_000..4_000, millis(10_000)), KEYS / 2);
        assert_eq!(find_room(&mut repeats, 4_000..6_000, millis(10_999)), 0, "not yet");
        assert_eq!(find_room(&mut repeats, 4_000..6_000, millis(11_000)), KEYS / 2);
    }
}

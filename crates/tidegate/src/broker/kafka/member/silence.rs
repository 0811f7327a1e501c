//! The watchdog of one partition: nothing comes of it, though its log goes on.
//!
//! ```text
//!   quiet ─ 60 s without a record ─▶ asked ─ the log goes on ─▶ behind ─ 5 s, still nothing ─▶ read again; the second time: join anew, seldom
//!     ▲                                │ at its end               │ a record
//!     └────────────────────────────────┴──────────────────────────┘
//! ```
//!
//! A client can lose the wake-up of a queue, or leave a partition paused, for hours, and looks healthy all the while (rust-rdkafka
//! [#840](https://github.com/fede1024/rust-rdkafka/pull/840), [#665](https://github.com/fede1024/rust-rdkafka/issues/665)).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::message::{Offset, TopicPartition};

/// So long without a record, and it is asked whether the log goes on.
const QUIET: Duration = Duration::from_secs(60);
/// What was written while it was asked has so long to come.
const ON_ITS_WAY: Duration = Duration::from_secs(5);

/// What is to be done about a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Ask whether the log goes on.
    Ask,
    /// Send the client there again.
    ReadAgain,
    /// That did not help: join anew.
    JoinAnew,
}

/// Between two times of joining anew for the same position; each time twice as long, up to a day. It makes the whole group
/// rebalance, and may not help: a batch that is damaged in the log comes damaged again.
const JOIN_AGAIN: Duration = Duration::from_secs(600);
const JOIN_SELDOM: Duration = Duration::from_secs(86_400);

/// Positions that the group was joined anew for. They outlast grants: else each new one would begin at the beginning.
#[derive(Debug, Default)]
pub(super) struct Joined(BTreeMap<TopicPartition, Join>);

#[derive(Debug)]
struct Join {
    position: Offset,
    next: Instant,
    wait: Duration,
}

impl Joined {
    /// Whether it may be joined anew for this; notes that it is.
    pub(super) fn may_join(&mut self, at: &TopicPartition, position: Offset, now: Instant) -> bool {
        let before = self.0.get(at).filter(|join| join.position == position);
        if before.is_some_and(|join| now < join.next) {
            return false;
        }
        let wait = before.map_or(JOIN_AGAIN, |join| (join.wait * 2).min(JOIN_SELDOM));
        self.0.insert(at.clone(), Join { position, next: now + wait, wait });
        true
    }

    /// This record came. Those from before the position come again after each joining.
    pub(super) fn forget(&mut self, at: &TopicPartition, reached: Offset) {
        if self.0.get(at).is_some_and(|join| join.position <= reached) {
            self.0.remove(at);
        }
    }
}

/// How far the watchdog is with one silence.
#[derive(Debug)]
enum Look {
    Quiet { since: Instant },
    Asked,
    Behind { since: Instant },
}

/// One partition's silence.
#[derive(Debug)]
pub(super) struct Silence {
    look: Look,
    /// It was read again, and nothing came since.
    tried: bool,
}

impl Silence {
    pub(super) fn new(now: Instant) -> Self {
        Self { look: Look::Quiet { since: now }, tried: false }
    }

    /// A record came.
    pub(super) fn broken(&mut self, now: Instant) {
        *self = Self::new(now);
    }

    /// Nothing can be said: it is not read, or not asked for.
    pub(super) fn excused(&mut self, now: Instant) {
        self.look = Look::Quiet { since: now };
    }

    /// Whether the log goes on, as the leader just answered. Whether that ends a silence that was told: there was nothing more
    /// to come.
    pub(super) fn answered(&mut self, goes_on: bool, now: Instant) -> bool {
        if !matches!(self.look, Look::Asked) {
            return false;
        }
        if goes_on {
            self.look = Look::Behind { since: now };
            return false;
        }
        self.look = Look::Quiet { since: now };
        std::mem::take(&mut self.tried)
    }

    pub(super) fn due(&mut self, now: Instant) -> Option<Due> {
        let lasted = |since: Instant| now.saturating_duration_since(since);
        match self.look {
            Look::Quiet { since } if lasted(since) >= QUIET => {
                self.look = Look::Asked;
                Some(Due::Ask)
            }
            Look::Behind { since } if lasted(since) >= ON_ITS_WAY => {
                self.look = Look::Quiet { since: now };
                let again = std::mem::replace(&mut self.tried, true);
                Some(if again { Due::JoinAnew } else { Due::ReadAgain })
            }
            Look::Quiet { .. } | Look::Asked | Look::Behind { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    /// What it does at these seconds; asked, the log goes on.
    fn course(seconds: &[u64]) -> Vec<Option<Due>> {
        let start = Instant::now();
        let mut silence = Silence::new(start);
        let mut at = |second: &u64| {
            let due = silence.due(after(start, *second));
            if due == Some(Due::Ask) {
                silence.answered(true, after(start, *second));
            }
            due
        };
        seconds.iter().map(&mut at).collect()
    }

    #[test]
    fn a_silence_is_asked_about_then_read_again_then_joined_anew() {
        let seconds = [59, 60, 64, 65, 66, 124, 125, 129, 130];
        let (ask, again, anew) = (Some(Due::Ask), Some(Due::ReadAgain), Some(Due::JoinAnew));
        assert_eq!(course(&seconds), [None, ask, None, again, None, None, ask, None, anew]);
    }

    #[test]
    fn at_the_end_of_the_log_silence_means_nothing() {
        let start = Instant::now();
        let mut silence = Silence::new(start);
        for minute in 1..4 {
            assert_eq!(silence.due(after(start, minute * 60)), Some(Due::Ask));
            assert_eq!(silence.due(after(start, minute * 60)), None, "asked once");
            silence.answered(false, after(start, minute * 60));
        }
    }

    /// The answer may be older than the record.
    #[test]
    fn a_record_breaks_it_whatever_was_asked() {
        let start = Instant::now();
        let mut silence = Silence::new(start);
        assert_eq!(silence.due(after(start, 60)), Some(Due::Ask));
        silence.broken(after(start, 61));
        silence.answered(true, after(start, 62));
        assert_eq!(silence.due(after(start, 70)), None);
    }
}

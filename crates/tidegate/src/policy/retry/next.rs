//! The arithmetic: again or not, and when.

use std::time::Duration;

use crate::class::Class;
use crate::policy::backoff::doubled;
use crate::policy::jitter::between;
use crate::policy::retry::{Retry, UNKNOWN_EFFECT_CAP};

/// What a record has been through since its last replay; the attempt that has just failed is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tried {
    /// Handler calls.
    pub(crate) attempts: u32,
    /// Those that panicked or were cut off.
    pub(crate) unknown: u32,
    /// How long it has been tried; outages are left out.
    pub(crate) active: Duration,
}

/// What follows from a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Once more, after exactly this delay (rule 19).
    After(Duration),
    /// Never again: dead-letter it.
    Dead,
}

impl Retry {
    /// Decides after a failed attempt. Only transient failures are tried again (rule 18).
    pub(crate) fn next(&self, class: Class, tried: Tried, entropy: u64) -> Next {
        let least = match class {
            Class::Transient => Duration::ZERO,
            Class::TransientAfter(least) => least,
            _ => return Next::Dead,
        };
        if self.spent(tried) {
            return Next::Dead;
        }
        Next::After(between(self.bound(tried.attempts), entropy).max(least))
    }

    fn spent(&self, tried: Tried) -> bool {
        tried.attempts >= self.attempts
            || tried.unknown >= UNKNOWN_EFFECT_CAP
            || self.active_age.is_some_and(|age| tried.active >= age)
    }

    /// The longest delay after the `n`th attempt.
    fn bound(&self, n: u32) -> Duration {
        doubled(self.initial, n).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tried(attempts: u32) -> Tried {
        Tried { attempts, ..Tried::default() }
    }

    proptest! {
        // rule 19: full jitter, 0 <= d <= min(initial * 2^(n-1), max)
        #[test]
        fn the_delay_stays_within_its_bound(
            initial in 0_u64..100_000, max in 0_u64..1_000_000, n in 1_u32..200, entropy: u64,
        ) {
            let (initial, max) = (Duration::from_millis(initial), Duration::from_millis(max));
            let retry = Retry::exponential(initial, max).attempts(u32::MAX);
            let exact = (initial.as_nanos()).checked_shl(n - 1).filter(|_| n < 64);
            let bound = exact.unwrap_or(u128::MAX).min(max.as_nanos());
            let bound = if initial.is_zero() { 0 } else { bound };
            match retry.next(Class::Transient, tried(n), entropy) {
                Next::After(delay) => prop_assert!(delay.as_nanos() <= bound, "{delay:?}"),
                Next::Dead => prop_assert!(false, "attempts are left"),
            }
        }

        #[test]
        fn a_servers_wish_is_a_lower_bound(wish in 0_u64..100_000, n in 1_u32..50, entropy: u64) {
            let wish = Duration::from_millis(wish);
            let retry = Retry::default().attempts(u32::MAX);
            let class = Class::Transient.after(wish);
            match retry.next(class, tried(n), entropy) {
                Next::After(delay) => prop_assert!(delay >= wish && delay <= wish.max(retry.max)),
                Next::Dead => prop_assert!(false, "attempts are left"),
            }
        }
    }

    #[test]
    fn the_whole_range_is_drawn() {
        let retry = Retry::exponential(Duration::from_secs(1), Duration::from_secs(30));
        let next = |entropy| retry.next(Class::Transient, tried(2), entropy);
        assert_eq!(next(0), Next::After(Duration::ZERO));
        assert_eq!(next(u64::MAX), Next::After(Duration::from_secs(2)));
    }

    #[test]
    fn attempts_are_handler_calls_in_all() {
        let retry = Retry::default().attempts(3);
        let class = Class::Transient;
        assert!(matches!(retry.next(class, tried(2), 7), Next::After(_)));
        assert_eq!(retry.next(class, tried(3), 7), Next::Dead);
        assert_eq!(Retry::none().next(class, tried(1), 7), Next::Dead);
        assert_eq!(Retry::none().attempts(0).next(class, tried(1), 7), Next::Dead);
    }

    #[test]
    fn an_unknown_effect_is_tried_three_times_at_most() {
        let retry = Retry::default().attempts(100);
        let unknown = |unknown| Tried { attempts: 5, unknown, ..Tried::default() };
        assert!(matches!(retry.next(Class::Transient, unknown(2), 7), Next::After(_)));
        assert_eq!(retry.next(Class::Transient, unknown(3), 7), Next::Dead);
    }

    #[test]
    fn age_ends_it_as_attempts_do() {
        let retry = Retry::default().attempts(100).active_age(Duration::from_secs(60));
        let aged = |secs| Tried { active: Duration::from_secs(secs), ..tried(1) };
        assert!(matches!(retry.next(Class::Transient, aged(59), 7), Next::After(_)));
        assert_eq!(retry.next(Class::Transient, aged(60), 7), Next::Dead);
    }

    #[test]
    fn only_transient_failures_are_tried_again() {
        for class in [Class::Permanent, Class::Undecodable, Class::Outage("db"), Class::Fatal] {
            assert_eq!(Retry::default().next(class, tried(1), 7), Next::Dead);
        }
    }
}

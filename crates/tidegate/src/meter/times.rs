//! A histogram with one writer: an addition is a few plain stores, and nobody waits for anybody.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What histograms count by, in seconds: from a handler that only looks to a record that waited for hours.
pub(crate) const BOUNDS: [f64; 21] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 7_200.0,
];

/// The same in nanoseconds.
const NANOS: [u64; BOUNDS.len()] = {
    let (mut nanos, mut at) = ([0; BOUNDS.len()], 0);
    while at < nanos.len() {
        nanos[at] = (BOUNDS[at] * 1e9 + 0.5) as u64;
        at += 1;
    }
    nanos
};

/// How long things took. One thread adds; any reads, and may see an addition half done.
#[derive(Debug, Default)]
pub(crate) struct Times {
    /// One more than there are bounds: the last is for all beyond.
    counts: [AtomicU64; BOUNDS.len() + 1],
    /// Seconds, as the bits of an `f64`.
    sum: AtomicU64,
}

impl Times {
    /// Adds one. Only ever from one thread at a time: two would lose additions.
    pub(crate) fn add(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        increase(&self.counts[NANOS.partition_point(|bound| *bound < nanos)]);
        let sum = f64::from_bits(self.sum.load(Ordering::Relaxed)) + time.as_secs_f64();
        self.sum.store(sum.to_bits(), Ordering::Relaxed);
    }

    /// What was added up to now.
    pub(crate) fn read(&self) -> Counted {
        Counted {
            counts: std::array::from_fn(|at| self.counts[at].load(Ordering::Relaxed)),
            sum: f64::from_bits(self.sum.load(Ordering::Relaxed)),
        }
    }
}

/// One more, from the only thread that writes: no locked instruction.
pub(super) fn increase(count: &AtomicU64) {
    count.store(count.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

/// A histogram at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Counted {
    /// How many lie between the bound before and this one; the last: how many lie beyond all.
    pub(crate) counts: [u64; BOUNDS.len() + 1],
    /// Seconds.
    pub(crate) sum: f64,
}

impl Counted {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.sum += other.sum;
    }

    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Prometheus counts what is *at most* the bound.
    #[test]
    fn a_time_counts_at_the_first_bound_that_it_does_not_exceed() {
        let times = Times::default();
        for nanos in [0, 100_000, 100_001, 7_200_000_000_000, 7_200_000_000_001] {
            times.add(Duration::from_nanos(nanos));
        }
        times.add(Duration::MAX);
        let counted = times.read();
        let mut expected = [0; BOUNDS.len() + 1];
        (expected[0], expected[1], expected[20], expected[21]) = (2, 1, 1, 2);
        assert_eq!(counted.counts, expected);
        assert_eq!(counted.total(), 6);
        assert!(counted.sum >= 14_400.0 && counted.sum.is_finite(), "{}", counted.sum);
    }

    #[test]
    fn bounds_grow_and_are_the_same_in_nanoseconds() {
        assert!(BOUNDS.is_sorted() && NANOS.is_sorted());
        let of = |at: usize| Duration::from_nanos(NANOS[at]).as_secs_f64();
        assert!((0..BOUNDS.len()).all(|at| (of(at) - BOUNDS[at]).abs() < 1e-12));
    }
}

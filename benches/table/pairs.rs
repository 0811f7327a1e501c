//! A ratio of two sides that take turns, so that a machine that is slow for a while is slow for both.

use std::time::Duration;

/// How long one side runs.
pub(crate) const ROUND: Duration = Duration::from_secs(2);
const PAIRS: usize = 9;

/// Runs of both sides, taken in turn.
pub(crate) struct Pairs<T = f64>(Vec<(T, T)>);

impl<T> Pairs<T> {
    /// The side that begins changes with each pair; a first pair warms up and is dropped.
    pub(crate) fn of(mut ours: impl FnMut() -> T, mut theirs: impl FnMut() -> T) -> Self {
        let mut pair = |swapped: bool| {
            if swapped {
                let theirs = theirs();
                return (ours(), theirs);
            }
            let ours = ours();
            (ours, theirs())
        };
        pair(false);
        Self((0..PAIRS).map(|round| pair(round % 2 == 1)).collect())
    }

    /// How many there are.
    #[allow(dead_code, reason = "for rows that tell it in their own words")]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// One figure of each run.
    #[allow(dead_code, reason = "for the program whose runs give more than one figure")]
    pub(crate) fn each(&self, figure: impl Fn(&T) -> f64) -> Pairs {
        Pairs(self.0.iter().map(|(ours, theirs)| (figure(ours), figure(theirs))).collect())
    }
}

impl Pairs {
    pub(crate) fn ratio(&self) -> f64 {
        median(self.0.iter().map(|(ours, theirs)| ours / theirs))
    }

    pub(crate) fn ours(&self) -> f64 {
        median(self.0.iter().map(|(ours, _)| *ours))
    }

    pub(crate) fn theirs(&self) -> f64 {
        median(self.0.iter().map(|(_, theirs)| *theirs))
    }

    pub(crate) fn settings(&self) -> String {
        format!("median of {} pairs of {} s", self.0.len(), ROUND.as_secs())
    }
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

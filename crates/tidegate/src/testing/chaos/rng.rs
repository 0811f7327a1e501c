//! The one generator of a world: SplitMix64, so that a seed is a world on every machine.

use std::time::Duration;

use crate::policy::derive;

/// Draws from a seed.
#[derive(Debug, Clone)]
pub struct Rng {
    seed: u64,
    drawn: u64,
}

impl Rng {
    /// The same seed draws the same.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // Seeds beside one another must not draw alike.
        Self { seed: derive(seed, 0x7469_6465), drawn: 0 }
    }

    /// Any number.
    pub fn draw(&mut self) -> u64 {
        self.drawn += 1;
        derive(self.seed, self.drawn)
    }

    /// One of `0..count`; 0 when there is none.
    pub fn below(&mut self, count: u64) -> u64 {
        self.draw() % count.max(1)
    }

    /// True so often in a hundred.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// One of them.
    ///
    /// # Panics
    /// When there is none.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let place = self.below(from.len() as u64);
        from[usize::try_from(place).expect("below a length")]
    }

    /// Between two times, in milliseconds.
    pub fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to.saturating_sub(from) + 1))
    }

    /// An id that no other draw of this world gives.
    pub fn id(&mut self) -> String {
        format!("{:016x}", self.draw())
    }
}

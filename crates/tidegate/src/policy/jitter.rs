//! Turning a random number into a wait. The number comes in with each event: nothing here draws.

use std::time::Duration;

/// Evenly from zero to `bound`, both included.
pub(crate) fn between(bound: Duration, entropy: u64) -> Duration {
    let nanos = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
    let drawn = (u128::from(entropy) * (u128::from(nanos) + 1)) >> 64;
    Duration::from_nanos(u64::try_from(drawn).unwrap_or(nanos))
}

/// The `n`th number made from one: a step that needs several draws must not use one twice (SplitMix64).
pub(crate) fn derive(entropy: u64, n: u64) -> u64 {
    let mut z = entropy.wrapping_add(n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

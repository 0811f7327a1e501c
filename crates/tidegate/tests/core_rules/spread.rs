//! Rule 19: what fails together does not come back together.

use tidegate::class::Class;
use tidegate::consumer::core::Command;
use tidegate::events::RuntimeEvent;
use tidegate::message::Offset;

use crate::rig::*;

/// Full jitter is even: with 2,000 failures in one moment no twentieth of the time has more than twice its share.
#[test]
fn retries_of_one_moment_are_spread_evenly() {
    const FAILED: u64 = 2_000;
    const BUCKETS: usize = 20;
    let mut config = config(vec![retrying(unordered(), 3)]);
    config.max_in_flight = FAILED as usize;
    config.ahead = FAILED as usize;
    let mut rig = Rig::with(config);
    let epoch = rig.own(0);
    let offsets: Vec<_> = (0..FAILED).collect();
    let begun = rig.deliver(0, &offsets);
    assert_eq!(runs(&begun).len(), offsets.len());
    let all = offsets.iter().map(|offset| (Offset(*offset), failed(Class::Transient))).collect();
    let out = rig.ran(&work(0, epoch, 0), all);
    let mut buckets = [0; BUCKETS];
    for command in &out {
        if let Command::Tell(RuntimeEvent::Retrying { delay, .. }) = command {
            let place = delay.as_secs_f64() / ms(1_000).as_secs_f64() * BUCKETS as f64;
            buckets[(place as usize).min(BUCKETS - 1)] += 1;
        }
    }
    let mean = FAILED as usize / BUCKETS;
    assert_eq!(buckets.iter().sum::<usize>(), FAILED as usize);
    assert!(buckets.iter().all(|count| *count <= 2 * mean && 2 * *count >= mean), "{buckets:?}");
}

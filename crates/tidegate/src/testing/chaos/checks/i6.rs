//! I6: memory and tasks are bounded.

use crate::message::TopicPartition;
use crate::testing::chaos::truth::{Limits, Truth};
use crate::testing::sim::Process;

/// I6: no process holds more than its budget and one delivery, or runs more attempts than it was given places.
pub(in crate::testing::chaos) fn i6_memory_is_bounded(
    truth: &mut Truth,
    process: Process,
    limits: Limits,
) {
    let hands = truth.hands(process);
    let ((records, bytes), attempts) = (hands.load(), hands.running.len());
    let over = |what: &str, is: usize, most: usize| {
        (is > most).then(|| format!("{process:?} has {is} {what}, and {most} are allowed"))
    };
    let over = over("records", records, limits.records)
        .or_else(|| over("bytes", bytes, limits.bytes))
        .or_else(|| over("attempts", attempts, limits.attempts));
    over.into_iter().for_each(|what| truth.violated("I6", what));
}

/// I6: nothing is fetched that nobody wants.
pub(in crate::testing::chaos) fn i6_what_is_given_is_wanted(
    truth: &mut Truth,
    process: Process,
    at: &TopicPartition,
) {
    if !truth.hands(process).is_open(at) {
        let what = format!("{process:?} was given records of {at}, which it has not started");
        truth.violated("I6", what);
    }
}

//! Rules 11 and 13: what is over has no effect any more.

use crate::message::{Offset, TopicPartition};
use crate::testing::chaos::truth::Truth;
use crate::testing::sim::Process;

/// A call ends with its attempt: once its own process has called the attempt answered, or cut it off, nothing of it runs.
pub(in crate::testing::chaos) fn rule_13_a_call_ends_with_its_attempt(
    truth: &mut Truth,
    process: Process,
    at: &TopicPartition,
    offset: Offset,
) {
    let what = format!("{process:?} went on with a call of {at} offset {offset}, which is over");
    truth.violated("rule 13", what);
}

/// The same of a dead letter's handler: it ends with its ownership, and at its time limit.
pub(in crate::testing::chaos) fn rule_13_a_dead_handler_ends_with_its_call(
    truth: &mut Truth,
    process: Process,
    at: &TopicPartition,
    offset: Offset,
) {
    let what = format!(
        "{process:?} went on with the dead-letter handler of {at} offset {offset}, which is over"
    );
    truth.violated("dead handler", what);
}

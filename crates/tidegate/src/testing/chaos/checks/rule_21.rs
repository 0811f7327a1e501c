//! Rule 21: counters belong to one record.

use crate::message::{Offset, TopicPartition};
use crate::testing::chaos::truth::Truth;
use crate::testing::sim::Process;

/// Rule 21: within an ownership a record's attempts are counted on, whatever becomes of others; and there are no more of them
/// than the route allows.
pub(in crate::testing::chaos) fn rule_21_failures_are_not_forgotten(
    truth: &mut Truth,
    process: Process,
    at: &TopicPartition,
    offset: Offset,
    attempt: u32,
    most: u32,
) {
    let Some(fact) = truth.fact(at, offset) else { return };
    let before = fact.attempt.filter(|(who, _)| *who == process).map_or(0, |(_, number)| number);
    if attempt < before || attempt > most {
        let what = format!(
            "{process:?} began attempt {attempt} of {at} offset {offset} after attempt {before}; {most} are allowed"
        );
        truth.violated("rule 21", what);
    }
}

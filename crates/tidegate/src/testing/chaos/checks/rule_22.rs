//! Rule 22: the schedule loses nothing, and brings nothing back to life.

use crate::message::{Offset, TopicPartition};
use crate::testing::chaos::truth::Truth;
use crate::testing::sim::Process;

/// Rule 22: the last entry of a record goes when the record is finished, not before; else nobody has it any more.
pub(in crate::testing::chaos) fn rule_22_what_is_struck_is_finished(
    truth: &mut Truth,
    process: Process,
    at: &TopicPartition,
    offset: Offset,
) {
    let Some(fact) = truth.fact(at, offset) else { return };
    // A twin of what is dead is skipped, which is said afterwards (rule 31).
    if fact.is_covered() && !fact.is_finished() && !fact.marked_dead {
        let what =
            format!("{process:?} struck {at} offset {offset}, which is not finished: {fact:?}");
        truth.violated("rule 22", what);
    }
}

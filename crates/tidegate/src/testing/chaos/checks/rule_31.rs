//! Rule 31: what is dead stays so, and has one dead letter.

use crate::message::{Offset, TopicPartition};
use crate::testing::chaos::truth::Truth;
use crate::testing::sim::Process;

/// Rule 31: what the store has as dead is skipped when it comes again.
pub(in crate::testing::chaos) fn rule_31_what_is_dead_is_not_begun(
    truth: &mut Truth,
    process: Process,
    at: &TopicPartition,
    offset: Offset,
) {
    if truth.fact(at, offset).is_some_and(|fact| fact.marked_dead) {
        let what = format!("{process:?} began {at} offset {offset}, which the store has as dead");
        truth.violated("rule 31", what);
    }
}

/// Rule 31: a second dead letter comes only from who was cut off, or never heard of the first one.
pub(in crate::testing::chaos) fn rule_31_dead_letters_do_not_double(
    truth: &mut Truth,
    process: Process,
    at: &TopicPartition,
    offset: Offset,
) {
    if truth.fact(at, offset).is_some_and(|fact| fact.letters > 0 && !fact.excused) {
        let what = format!(
            "{process:?} wrote a second dead letter of {at} offset {offset}, and knew of the first one"
        );
        truth.violated("rule 31", what);
    }
}

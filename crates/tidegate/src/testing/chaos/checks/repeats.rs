//! I4, rule 8: what may be done again.

use crate::message::{Offset, TopicPartition};
use crate::testing::chaos::truth::Truth;
use crate::testing::sim::Process;

/// Rule 8: what an accepted commit calls finished is not begun again, by nobody.
pub(in crate::testing::chaos) fn rule_8_what_is_covered_is_not_repeated(
    truth: &mut Truth,
    process: Process,
    at: &TopicPartition,
    offset: Offset,
) {
    if truth.fact(at, offset).is_some_and(|fact| fact.covered) {
        let what = format!("{process:?} began {at} offset {offset}, which a commit covers");
        truth.violated("rule 8", what);
    }
}

/// I4: an effect happens once, unless somebody who had begun the record was cut off before a commit covered it (rule 27).
pub(in crate::testing::chaos) fn i4_repeats_only_what_was_cut_off(
    truth: &mut Truth,
    process: Process,
    at: &TopicPartition,
    offset: Offset,
) {
    if truth.fact(at, offset).is_some_and(|fact| fact.effects > 0 && !fact.excused) {
        let what = format!("{process:?} did {at} offset {offset} again, and nobody was cut off");
        truth.violated("I4", what);
    }
}

/// Rule 11: what was done before a partition is given back in order is committed by then.
pub(in crate::testing::chaos) fn rule_11_a_drain_commits_what_is_done(
    truth: &mut Truth,
    process: Process,
    at: &TopicPartition,
) {
    let Some(book) = truth.books.get(at) else { return };
    let left = book.facts.iter().find(|(_, fact)| {
        let plain = fact.effects > 0 && fact.emits == 0 && !fact.stored && !fact.excused;
        plain && !fact.covered && fact.begun.contains(&process)
    });
    if let Some((offset, _)) = left {
        let what = format!("{process:?} gave {at} back, and {offset} was done and not committed");
        truth.violated("rule 11", what);
    }
}

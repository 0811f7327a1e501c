//! I4, rules 8 and 27: what may happen again, and what must not.

use crate::message::{Offset, TopicPartition};
use crate::testing::chaos::truth::Truth;
use crate::testing::sim::Process;

/// Rule 8: what an accepted commit calls finished is not begun again, by nobody.
pub(in crate::testing::chaos) fn i4_what_is_covered_is_not_begun(
    truth: &mut Truth,
    process: Process,
    at: &TopicPartition,
    offset: Offset,
) {
    if truth.fact(at, offset).is_some_and(|fact| fact.is_covered()) {
        let what = format!("{process:?} began {at} offset {offset}, which a commit covers");
        truth.violated("I4", what);
    }
}

/// Without a store an effect happens once, unless somebody who had begun the record was cut off before a commit covered it
/// (rule 27).
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

/// In a store an effect happens once, killed at any moment.
pub(in crate::testing::chaos) fn i4_an_effect_happens_once(
    truth: &mut Truth,
    process: Process,
    event_id: &str,
) {
    if truth.is_done(event_id) {
        let what = format!("{process:?} committed a second effect of {event_id}");
        truth.violated("I4", what);
    }
}

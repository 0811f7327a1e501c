//! Rule 11: drained, committed, then given back.

use crate::message::TopicPartition;
use crate::testing::chaos::truth::Truth;
use crate::testing::sim::Process;

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

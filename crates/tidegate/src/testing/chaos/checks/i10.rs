//! I10: commits move on.

use crate::broker::CommitEntry;
use crate::testing::chaos::truth::Truth;
use crate::testing::sim::Process;

/// I10: a committed offset never moves back; across owners neither, as each begins where the last one was.
pub(in crate::testing::chaos) fn i10_commits_never_move_back(
    truth: &mut Truth,
    process: Process,
    entry: &CommitEntry,
) {
    let to = entry.committed.offset;
    let Some(book) = truth.books.get(&entry.partition) else { return };
    let before = book.committed;
    if to < before {
        let at = &entry.partition;
        truth.violated("I10", format!("{process:?} committed {to} of {at} after {before}"));
    }
}

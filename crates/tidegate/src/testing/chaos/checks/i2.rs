//! I2: what a stored commit says is true.

use crate::broker::CommitEntry;
use crate::consumer::core::metadata::CommitMetadata;
use crate::message::Offset;
use crate::testing::chaos::truth::Truth;
use crate::testing::sim::Process;

/// I2: everything below a committed offset, and everything that its map calls done, is really finished.
pub(in crate::testing::chaos) fn i2_nothing_unfinished_is_committed(
    truth: &mut Truth,
    process: Process,
    entry: &CommitEntry,
) {
    let done = CommitMetadata::decode(&entry.committed.metadata).map(|m| m.done);
    let done = done.unwrap_or_default();
    let to = entry.committed.offset;
    let Some(book) = truth.books.get(&entry.partition) else { return };
    let said = |offset: &&Offset| **offset < to || done.contains(**offset);
    // What waits in the schedule may be committed (rule 3). A twin of what is dead may have been struck there: it is skipped, which is
    // said afterwards (rule 31).
    let waits = |offset: &&Offset| {
        let fact = &book.facts[*offset];
        !fact.entries.is_empty() || fact.covered && fact.marked_dead
    };
    let unfinished = book.open.iter().filter(said).find(|offset| !waits(offset)).copied();
    if let Some(offset) = unfinished {
        let fact = &book.facts[&offset];
        let what = format!(
            "{process:?} committed {to} of {}, and offset {offset} is not finished: {fact:?}",
            entry.partition
        );
        truth.violated("I2", what);
    }
}

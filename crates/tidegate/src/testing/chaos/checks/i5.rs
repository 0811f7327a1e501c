//! I5: every delivered record ends exactly once, or is pending.

use crate::message::{Offset, TopicPartition};
use crate::testing::chaos::truth::Truth;
use crate::testing::sim::Process;

/// I5, at the end: what is committed is done, duplicate, skipped or dead. A hole is a record that is gone.
pub(in crate::testing::chaos) fn i5_everything_has_ended(truth: &mut Truth) {
    let mut holes = Vec::new();
    for (at, book) in &truth.books {
        let gone = |offset: &&Offset| **offset < book.committed || book.facts[*offset].covered;
        let of =
            |offset: &Offset| format!("{at} offset {offset} is gone: {:?}", book.facts[offset]);
        holes.extend(book.open.iter().filter(gone).map(of));
    }
    holes.into_iter().for_each(|what| truth.violated("I5", what));
}

/// I5, all the time, by the runtime's own ledger: what it says has ended, it held; so nothing ends twice.
pub(in crate::testing::chaos) fn i5_what_ends_was_held(
    truth: &mut Truth,
    process: Process,
    at: &TopicPartition,
    offset: Offset,
    held: bool,
) {
    if !held {
        let what = format!("{process:?} says that {at} offset {offset} ended, and did not hold it");
        truth.violated("I5", what);
    }
}

//! I5, I6: what must hold when everything has ended.

use crate::testing::chaos::truth::Truth;
use crate::testing::sim::Process;

/// I5: every record is done, duplicate, skipped or dead.
pub(in crate::testing::chaos) fn i5_everything_has_ended(truth: &mut Truth) {
    let mut open = Vec::new();
    for (at, book) in &truth.books {
        let of = |offset| format!("{at} offset {offset} never ended: {:?}", book.facts[offset]);
        open.extend(book.open.iter().map(of));
    }
    open.into_iter().for_each(|what| truth.violated("I5", what));
}

/// I6: no process holds more than its budget and one delivery.
pub(in crate::testing::chaos) fn i6_memory_is_bounded(truth: &mut Truth, most: i64) {
    let over = |(process, held): (&Process, &i64)| {
        (*held > most).then(|| format!("{process:?} held {held} records, and {most} are allowed"))
    };
    let over: Vec<_> = truth.held.iter().filter_map(over).collect();
    over.into_iter().for_each(|what| truth.violated("I6", what));
}

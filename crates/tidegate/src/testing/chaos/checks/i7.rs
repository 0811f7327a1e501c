//! I7: it goes on.

use crate::testing::chaos::truth::Truth;
use crate::testing::sim::Process;

/// I7: when everything is healed, all of it is finished and committed in time.
pub(in crate::testing::chaos) fn i7_it_ends_in_time(
    truth: &mut Truth,
    through: bool,
    within: &str,
) {
    if through {
        return;
    }
    let left = truth.books.iter().map(|(at, book)| {
        let last = book.facts.last_key_value().map_or(0, |(last, _)| last.0);
        format!("{at}: committed {} of {last}, unfinished {:?}", book.committed, book.open)
    });
    let what = format!("not through {within}: {}", left.collect::<Vec<_>>().join("; "));
    truth.violated("I7", what);
}

/// A process that is busy and waits for nothing gets nowhere. No world could go on with it: this is asked always.
pub(in crate::testing::chaos) fn i7_nobody_spins(truth: &mut Truth, process: Process) {
    truth.violated("I7", format!("{process:?} takes step after step, and no time goes by"));
}

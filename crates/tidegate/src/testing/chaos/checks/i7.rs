//! I7: it goes on.

use crate::error::Error;
use crate::message::{Offset, TopicPartition};
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
        let (committed, open) = (book.committed, &book.open);
        let waiting: Vec<_> = book.waiting().collect();
        format!("{at}: committed {committed} of {last}, unfinished {open:?}, waiting {waiting:?}")
    });
    let what = format!("not through {within}: {}", left.collect::<Vec<_>>().join("; "));
    truth.violated("I7", what);
}

/// A process that is busy and waits for nothing gets nowhere. No world could go on with it: this is asked always.
pub(in crate::testing::chaos) fn i7_nobody_spins(truth: &mut Truth, process: Process) {
    truth.violated("I7", format!("{process:?} takes step after step, and no time goes by"));
}

/// Nobody gives a partition up that can be read.
pub(in crate::testing::chaos) fn i7_what_can_be_read_is_read(
    truth: &mut Truth,
    process: Process,
    at: &TopicPartition,
    position: Offset,
) {
    let what = format!("{process:?} cannot go on with {at} from {position}, which was not deleted");
    truth.violated("I7", what);
}

/// Rule 7: who cannot go on because records are lost ends, and says of which partition; nobody ends by itself else. True when
/// that was the end.
pub(in crate::testing::chaos) fn i7_lost_records_end_it(
    truth: &mut Truth,
    process: Process,
    result: &Result<(), Error>,
) -> bool {
    let lost = truth.lost.get(&process);
    match (result, lost) {
        (Err(Error::Stopped { reason }), Some(lost))
            if lost.keys().any(|at| reason.contains(&format!(" {at}: "))) =>
        {
            return true;
        }
        (Ok(()), Some(lost)) => {
            let what = format!("{process:?} ended well, and said that records are lost: {lost:?}");
            truth.violated("I7", what);
        }
        (Err(error @ (Error::Internal { .. } | Error::Stopped { .. } | Error::Refused(_))), _) => {
            truth.violated("I7", format!("{process:?} ended by itself: {error}"));
        }
        _ => {}
    }
    false
}

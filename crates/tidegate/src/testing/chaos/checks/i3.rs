//! I3: order within a unit.

use crate::message::{Offset, TopicPartition};
use crate::testing::chaos::truth::Truth;
use crate::testing::sim::Process;

/// I3: no attempt begins while an earlier record of its unit of order is unfinished, or while the same process runs
/// another attempt of that unit, or one of the same record; nor while its key is held (rule 23).
pub(in crate::testing::chaos) fn i3_order_is_kept(
    truth: &mut Truth,
    process: Process,
    at: &TopicPartition,
    offset: Offset,
) {
    let Some(book) = truth.books.get(at) else { return };
    let Some(fact) = book.facts.get(&offset) else { return };
    let waits_for = |before: &&Offset| book.facts[*before].shares_order(fact);
    let passed = book.open.range(..offset).find(waits_for).copied();
    let hands = truth.hands.get(&process);
    let here = hands.into_iter().flat_map(|hands| hands.running.keys());
    let here = here.filter(|(running, _)| running == at).map(|(_, offset)| *offset);
    let beside = |other: &Offset| {
        *other == offset || book.facts.get(other).is_some_and(|other| other.shares_order(fact))
    };
    let beside = here.clone().find(beside);
    let held = truth.holder(at, offset);
    if let Some(held) = held {
        let what = format!("{process:?} began {at} offset {offset} while {held} holds the key");
        truth.violated("I3", what);
    } else if let Some(passed) = passed {
        let what = format!("{process:?} began {at} offset {offset} while {passed} is unfinished");
        truth.violated("I3", what);
    } else if let Some(beside) = beside {
        let what = format!("{process:?} began {at} offset {offset} beside an attempt of {beside}");
        truth.violated("I3", what);
    }
}

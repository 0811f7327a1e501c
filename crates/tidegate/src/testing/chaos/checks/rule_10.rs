//! Rule 10: the ownership lease, seen from outside.

use std::time::Duration;

use crate::message::{Offset, TopicPartition};
use crate::testing::chaos::truth::Truth;
use crate::testing::sim::Process;

/// Rule 10: an attempt begins only under an ownership that the group has accepted a commit of, not longer ago than 0.8 of
/// the session. The process counts from when it sent the commit, which is earlier.
pub(in crate::testing::chaos) fn rule_10_nothing_begins_unproven(
    truth: &mut Truth,
    process: Process,
    at: &TopicPartition,
    offset: Offset,
    session: Duration,
) {
    let proven = truth.hands(process).proven.get(at).map(tokio::time::Instant::elapsed);
    let what = match proven {
        Some(ago) if ago <= session.mul_f64(0.8) => return,
        Some(ago) => format!("{ago:?} after the group last accepted a commit of it"),
        None => "before the group has accepted a commit of it".to_owned(),
    };
    truth.violated("rule 10", format!("{process:?} began {at} offset {offset} {what}"));
}

/// Rule 10: records of a partition are asked for when the group has accepted a commit of this ownership, not before.
pub(in crate::testing::chaos) fn rule_10_nothing_starts_unproven(
    truth: &mut Truth,
    process: Process,
    at: &TopicPartition,
) {
    if !truth.hands(process).proven.contains_key(at) {
        let what = format!("{process:?} started {at} before the group has accepted a commit of it");
        truth.violated("rule 10", what);
    }
}

//! I1: what was acknowledged is in the log.

use crate::message::{Offset, Record, TopicPartition};
use crate::testing::chaos::truth::Truth;

/// I1: an event whose publishing was acknowledged stands where the acknowledgement says.
pub(in crate::testing::chaos) fn i1_what_is_acknowledged_is_in_the_log(
    truth: &mut Truth,
    at: &TopicPartition,
    offset: Offset,
    id: &str,
    found: Option<&Record>,
) {
    let there = found.and_then(|record| record.headers.text(crate::headers::names::EVENT_ID));
    if there != Some(id) {
        let what = format!("{id} was acknowledged as {at} offset {offset}, and there is {there:?}");
        truth.violated("I1", what);
    }
}

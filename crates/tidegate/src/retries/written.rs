//! What a partition of a retry topic says of each record.

use std::collections::BTreeMap;

use super::Waiting;
use crate::companion::entry::{Entry, EntryId};
use crate::consumer::core::Stamp;
use crate::message::{Offset, TopicId};

/// By record and writing. An offset alone names no record: a source that was made anew has others there.
#[derive(Debug, Default)]
pub(super) struct Written(BTreeMap<(Offset, Option<TopicId>), BTreeMap<Stamp, Waiting>>);

impl Written {
    pub(super) fn note(&mut self, entry: &Entry) {
        let of = self.0.entry((entry.id.origin, entry.topic_id)).or_default();
        of.insert(entry.id.stamp, Waiting::of(entry));
    }

    /// No two writings of a partition have the same name: each ownership has a term of its own, whatever topic it was of.
    pub(super) fn strike(&mut self, id: EntryId) {
        self.0.retain(|(origin, _), of| {
            *origin != id.origin || of.remove(&id.stamp).is_none() || !of.is_empty()
        });
    }

    /// One for each record.
    pub(super) fn into_waiting(self) -> impl Iterator<Item = Waiting> {
        self.0.into_values().filter_map(Waiting::of_writings)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::consumer::core::Hold;
    use crate::headers::Headers;
    use crate::message::{Partition, Record, Timestamp, TopicName};
    use crate::retries::Waits;

    fn entry(topic: Option<u128>, attempt: u32, term: u64, hold: Hold) -> Entry {
        let (topic_id, offset) = (topic.map(TopicId::new), Offset(4));
        Entry {
            id: EntryId { origin: offset, stamp: Stamp { attempt, term, write: 0 } },
            unknown: 0,
            due: Timestamp(1),
            delay: Duration::ZERO,
            active: Duration::ZERO,
            history: Vec::new(),
            hold,
            topic_id,
            record: Record {
                topic: TopicName::new("orders").unwrap(),
                partition: Partition(0),
                offset,
                timestamp: Timestamp(1),
                key: Some("o-1".into()),
                value: None,
                headers: Headers::new(),
            },
        }
    }

    fn all(written: Written) -> Vec<(Waits, Vec<u64>)> {
        let terms = |waiting: &Waiting| waiting.written.iter().map(|stamp| stamp.term).collect();
        written.into_waiting().map(|waiting| (waiting.waits, terms(&waiting))).collect()
    }

    /// Rule 7: to let go of one means nothing to the other.
    #[test]
    fn rule_7_records_of_two_topics_of_one_name_are_two() {
        let mut written = Written::default();
        written.note(&entry(Some(1), 3, 6, Hold::No));
        written.note(&entry(Some(2), 1, 7, Hold::No));
        written.note(&entry(Some(2), 2, 7, Hold::Key));
        let old = (Waits::Due(Timestamp(1)), vec![6]);
        assert_eq!(all(written), [old.clone(), (Waits::Held, vec![7, 7])]);

        let mut written = Written::default();
        written.note(&entry(Some(1), 3, 6, Hold::No));
        written.note(&entry(Some(2), 1, 7, Hold::Key));
        written.strike(entry(Some(2), 1, 7, Hold::Key).id);
        assert_eq!(all(written), [old]);
    }

    #[test]
    fn what_is_struck_before_the_last_leaves_the_last() {
        let mut written = Written::default();
        written.note(&entry(None, 1, 6, Hold::No));
        written.note(&entry(None, 2, 6, Hold::Key));
        written.strike(entry(None, 1, 6, Hold::No).id);
        written.strike(entry(None, 9, 9, Hold::No).id);
        assert_eq!(all(written), [(Waits::Held, vec![6])]);
    }
}

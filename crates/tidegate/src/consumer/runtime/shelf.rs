//! Records that wait in the schedule, as long as there is room for them in memory: they need not be read again when they are
//! due. What does not fit is in the companion all the same.
//!
//! They stay for seconds to days, among records that come and go by the hundred thousand: each is a copy of its own. Kept as it came
//! it would keep all that shares a piece of memory with it, and new records would have to find their places between such pieces.

use std::collections::BTreeMap;

use crate::consumer::core::Postponed;
use crate::message::{Offset, Record};

/// What one ownership keeps.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    kept: BTreeMap<Offset, (Record, Box<Postponed>)>,
    bytes: usize,
}

/// So many bytes of waiting records a member keeps, over all its partitions.
pub(super) const ROOM: usize = 16 << 20;

impl Shelf {
    /// Keeps a copy of a record, if it needs no more room than that.
    pub(super) fn put(
        &mut self,
        origin: Offset,
        (record, postponed): (&Record, Box<Postponed>),
        room: usize,
    ) {
        self.take(origin);
        let size = record.footprint();
        if size <= room {
            self.bytes += size;
            self.kept.insert(origin, (record.in_one_piece(), postponed));
        }
    }

    /// Bytes that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives a record back.
    pub(super) fn take(&mut self, origin: Offset) -> Option<(Record, Box<Postponed>)> {
        let (record, postponed) = self.kept.remove(&origin)?;
        self.bytes -= record.footprint();
        Some((record, postponed))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::BytesMut;

    use super::*;
    use crate::consumer::core::{Hold, Stamp};
    use crate::headers::Headers;
    use crate::message::{Partition, Timestamp, TopicName};

    fn postponed() -> Box<Postponed> {
        Box::new(Postponed {
            stamp: Stamp { attempt: 1, term: 1, write: 0 },
            unknown: 0,
            due: Timestamp(0),
            delay: Duration::ZERO,
            active: Duration::ZERO,
            history: Vec::new(),
            hold: Hold::No,
            topic_id: None,
        })
    }

    /// A record whose parts stand in one piece of memory with what is given back.
    fn record() -> (Record, BytesMut) {
        let mut piece = BytesMut::with_capacity(4_096);
        let mut part = |text: &[u8]| {
            piece.extend_from_slice(text);
            piece.split().freeze()
        };
        let (key, value, id) = (part(b"k"), part(b"value"), part(b"id"));
        let mut headers = Headers::new();
        headers.push("event_id", id);
        headers.push("empty", "");
        headers.push_raw(crate::headers::Header { name: "null".into(), value: None });
        let (topic, partition) = (TopicName::new("orders").unwrap(), Partition(0));
        let (key, value) = (Some(key), Some(value));
        let (offset, timestamp) = (Offset(7), Timestamp(1));
        (Record { topic, partition, offset, timestamp, key, value, headers }, piece)
    }

    #[test]
    fn what_is_kept_keeps_nothing_else_in_memory() {
        let (record, piece) = record();
        let mut shelf = Shelf::default();
        shelf.put(Offset(7), (&record, postponed()), record.footprint());
        let copy = record.in_one_piece();
        let shared = record.value.clone().unwrap();
        drop((record, piece));
        assert!(shared.is_unique(), "the piece that it came in is let go");
        assert_eq!(shelf.take(Offset(7)), Some((copy, postponed())));
        assert_eq!(shelf.bytes(), 0);
    }

    #[test]
    fn a_copy_is_the_same_record() {
        let (record, _piece) = record();
        assert_eq!(record.in_one_piece(), record);
        let nothing = Record { key: None, value: None, headers: Headers::new(), ..record };
        assert_eq!(nothing.in_one_piece(), nothing);
    }

    #[test]
    fn what_has_no_room_is_not_kept() {
        let (record, _piece) = record();
        let mut shelf = Shelf::default();
        shelf.put(Offset(7), (&record, postponed()), record.footprint() - 1);
        assert_eq!((shelf.bytes(), shelf.take(Offset(7))), (0, None));
    }
}

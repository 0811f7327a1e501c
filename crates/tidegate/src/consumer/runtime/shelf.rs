//! Records that wait in the schedule, as long as there is room for them in memory: they need not be read again when they are
//! due. What does not fit is in the companion all the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::consumer::core::Postponed;
use crate::delivery::Identified;
use crate::message::Offset;

/// What one ownership keeps.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    kept: BTreeMap<Offset, (Arc<Identified>, Box<Postponed>)>,
    bytes: usize,
}

/// So many bytes of waiting records a member keeps, over all its partitions.
pub(super) const ROOM: usize = 16 << 20;

impl Shelf {
    /// Keeps a record, if it needs no more room than that.
    pub(super) fn put(
        &mut self,
        origin: Offset,
        (item, postponed): (Arc<Identified>, Box<Postponed>),
        room: usize,
    ) {
        self.take(origin);
        let size = item.record.footprint();
        if size <= room {
            self.bytes += size;
            self.kept.insert(origin, (item, postponed));
        }
    }

    /// Bytes that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives a record back.
    pub(super) fn take(&mut self, origin: Offset) -> Option<(Arc<Identified>, Box<Postponed>)> {
        let (item, postponed) = self.kept.remove(&origin)?;
        self.bytes -= item.record.footprint();
        Some((item, postponed))
    }
}

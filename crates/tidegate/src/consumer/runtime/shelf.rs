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

/// So many bytes of waiting records each partition keeps.
const ROOM: usize = 4 << 20;

impl Shelf {
    /// Keeps a record, if there is room.
    pub(super) fn put(&mut self, origin: Offset, item: Arc<Identified>, postponed: Box<Postponed>) {
        self.take(origin);
        let size = item.record.footprint();
        if self.bytes + size <= ROOM {
            self.bytes += size;
            self.kept.insert(origin, (item, postponed));
        }
    }

    /// Gives a record back.
    pub(super) fn take(&mut self, origin: Offset) -> Option<(Arc<Identified>, Box<Postponed>)> {
        let (item, postponed) = self.kept.remove(&origin)?;
        self.bytes -= item.record.footprint();
        Some((item, postponed))
    }
}

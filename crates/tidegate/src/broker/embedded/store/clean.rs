//! How far a compacted partition is clean.

use redb::{ReadableTable, StorageError, Table};

use super::tables::Place;

/// As it is stored: [`Clean`]'s fields in their order; no graves are `(0, 0)`.
pub(in crate::broker::embedded) type Row = (u64, u64, u64, u64, i64);

/// How far a compacted partition is clean, and what a look at it decides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::broker::embedded) struct Clean {
    /// No key stands twice below this offset.
    pub(in crate::broker::embedded) to: u64,
    /// Bytes of the batches below it.
    pub(in crate::broker::embedded) bytes: u64,
    /// Bytes of the batches from there on.
    pub(in crate::broker::embedded) dirty: u64,
    pub(in crate::broker::embedded) graves: Option<Graves>,
}

/// Tombstones that have done their work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::broker::embedded) struct Graves {
    /// They stand below this offset.
    pub(in crate::broker::embedded) below: u64,
    /// When what they remove was gone at the latest, in milliseconds of the wall clock.
    pub(in crate::broker::embedded) since: i64,
}

impl Clean {
    pub(in crate::broker::embedded) fn load(
        table: &impl ReadableTable<Place, Row>,
        place: Place,
    ) -> Result<Self, StorageError> {
        let row = table.get(place)?.map(|row| row.value());
        let (to, bytes, dirty, below, since) = row.unwrap_or_default();
        let graves = (below > 0).then_some(Graves { below, since });
        Ok(Self { to, bytes, dirty, graves })
    }

    pub(in crate::broker::embedded) fn save(
        self,
        table: &mut Table<'_, Place, Row>,
        place: Place,
    ) -> Result<(), StorageError> {
        let (below, since) = self.graves.map_or((0, 0), |graves| (graves.below, graves.since));
        table.insert(place, (self.to, self.bytes, self.dirty, below, since))?;
        Ok(())
    }

    /// A batch is gone with all that stood before it.
    pub(in crate::broker::embedded) fn lost(&mut self, base: u64, bytes: usize) {
        let side = if base < self.to { &mut self.bytes } else { &mut self.dirty };
        *side = side.saturating_sub(bytes as u64);
    }

    /// Whether a half of it is dirty, as Kafka decides by default (`min.cleanable.dirty.ratio`), or tombstones may go.
    pub(in crate::broker::embedded) fn is_due(&self, now: i64, keep_tombstones: i64) -> bool {
        (self.dirty > 0 && self.dirty >= self.bytes) || self.buries(now, keep_tombstones).is_some()
    }

    /// Tombstones below this offset have been kept for long enough.
    pub(in crate::broker::embedded) fn buries(
        &self,
        now: i64,
        keep_tombstones: i64,
    ) -> Option<u64> {
        let over = |graves: &Graves| now.saturating_sub(graves.since) >= keep_tombstones;
        self.graves.filter(over).map(|graves| graves.below)
    }
}

//! Entries that are never due, and hold their key.

use super::slot::Place;
use super::{Fresh, Index, Stage};
use crate::message::Offset;

impl Index {
    /// What it counts for among the keys that are held.
    pub(super) fn holds(&self, place: Place) -> usize {
        let slot = self.slab.at(place);
        usize::from(slot.is_held() && slot.stage() != Stage::Unreleased)
    }

    /// A record is dead-lettered, and holds its key by this entry.
    pub(in crate::consumer::core) fn hold(&mut self, origin: Offset, fresh: Fresh) {
        if self.place(origin).is_some() {
            self.again(origin, fresh);
        } else {
            self.note(origin, fresh, true);
        }
    }

    pub(in crate::consumer::core) fn is_held(&self, origin: Offset) -> bool {
        self.slot(origin).is_some_and(super::Slot::is_held)
    }

    pub(in crate::consumer::core) fn has_key(&self, origin: Offset) -> bool {
        self.slot(origin).is_some_and(|slot| slot.key().is_some())
    }

    /// So many keys are held.
    pub(in crate::consumer::core) fn held(&self) -> usize {
        self.held
    }
}

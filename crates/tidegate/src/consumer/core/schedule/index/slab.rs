//! The entries themselves, each at a place that it keeps.

use super::pages::Pages;
use super::slot::{NOBODY, Place, Slot};

/// All slots, the free ones in a chain.
#[derive(Debug)]
pub(super) struct Slab {
    slots: Pages<Slot>,
    free: Place,
    used: usize,
}

impl Default for Slab {
    fn default() -> Self {
        Self { slots: Pages::default(), free: NOBODY, used: 0 }
    }
}

impl Slab {
    pub(super) const fn len(&self) -> usize {
        self.used
    }

    /// One more than the last place that was ever given.
    pub(super) const fn places(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn insert(&mut self, slot: Slot) -> Place {
        self.used += 1;
        if self.free == NOBODY {
            let place = Place::try_from(self.slots.len()).ok().filter(|place| *place < NOBODY - 1);
            self.slots.push(slot);
            return place.expect("fewer entries than memory has room for");
        }
        let place = self.free;
        self.free = self.at(place).by_origin();
        *self.at_mut(place) = slot;
        place
    }

    pub(super) fn remove(&mut self, place: Place) {
        let free = self.free;
        self.at_mut(place).set_free(free);
        self.free = place;
        self.used -= 1;
    }

    pub(super) fn at(&self, place: Place) -> &Slot {
        &self.slots[place as usize]
    }

    pub(super) fn at_mut(&mut self, place: Place) -> &mut Slot {
        &mut self.slots[place as usize]
    }

    /// The entry at this place, if there is one.
    pub(super) fn used(&self, place: usize) -> Option<&Slot> {
        Some(&self.slots[place]).filter(|slot| !slot.is_free())
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.slots.bytes()
    }
}

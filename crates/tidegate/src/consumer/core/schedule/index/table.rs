//! Finds slots by a hash: buckets that are chains through the slots themselves.
//!
//! The table grows by one bucket at a time (linear hashing): it is never copied, and never half empty.

use std::marker::PhantomData;

use super::pages::Pages;
use super::slab::Slab;
use super::slot::{NOBODY, Place, Slot};

/// What is found, and by what.
pub(super) trait Chain {
    /// So many of them share a bucket.
    const LOAD: usize;
    /// Numbers that differ in so many low bits alone share a bucket.
    const NEAR: u32;
    fn number(slot: &Slot) -> u64;
    fn link(slot: &Slot) -> Place;
    fn set_link(slot: &mut Slot, to: Place);
}

/// Every entry, by its origin.
#[derive(Debug)]
pub(super) struct ByOrigin;

impl Chain for ByOrigin {
    const LOAD: usize = 4;
    /// Neighbours in the source mostly are neighbours in the slab: a bucket of them is in one or two lines of the cache.
    const NEAR: u32 = 2;
    fn number(slot: &Slot) -> u64 {
        slot.origin.get()
    }
    fn link(slot: &Slot) -> Place {
        slot.by_origin()
    }
    fn set_link(slot: &mut Slot, to: Place) {
        slot.set_by_origin(to);
    }
}

/// The last entry of each key (`keys.rs`).
#[derive(Debug)]
pub(super) struct ByKey;

impl Chain for ByKey {
    const LOAD: usize = 8;
    const NEAR: u32 = 0;
    fn number(slot: &Slot) -> u64 {
        slot.key().map_or(0, super::slot::ShortKey::get)
    }
    fn link(slot: &Slot) -> Place {
        slot.extra()
    }
    fn set_link(slot: &mut Slot, to: Place) {
        slot.set_extra(to);
    }
}

/// The buckets.
#[derive(Debug)]
pub(super) struct Table<C> {
    /// The first of each.
    heads: Pages<Place>,
    len: usize,
    of: PhantomData<C>,
}

impl<C> Default for Table<C> {
    fn default() -> Self {
        Self { heads: Pages::default(), len: 0, of: PhantomData }
    }
}

impl<C: Chain> Table<C> {
    /// The slot that has this number. Numbers are found once at most.
    pub(super) fn find(&self, number: u64, slab: &Slab) -> Option<Place> {
        if self.len == 0 {
            return None;
        }
        let mut place = self.heads[self.bucket(number)];
        while place != NOBODY {
            let slot = slab.at(place);
            if C::number(slot) == number {
                return Some(place);
            }
            place = C::link(slot);
        }
        None
    }

    /// Looks at the buckets of all of these side by side, so that their slots are in the cache when they are looked for: one after
    /// the other each slot would be waited for by itself.
    pub(super) fn warm(&self, numbers: impl Iterator<Item = u64>, slab: &Slab) {
        if self.len == 0 {
            return;
        }
        let mut places: Vec<_> = numbers.map(|number| self.heads[self.bucket(number)]).collect();
        while !places.is_empty() {
            places.retain(|place| *place != NOBODY);
            places.iter_mut().for_each(|place| *place = C::link(slab.at(*place)));
        }
    }

    pub(super) fn insert(&mut self, place: Place, slab: &mut Slab) {
        self.len += 1;
        if self.len > self.heads.len() * C::LOAD {
            self.grow(slab);
        }
        self.put(place, slab);
    }

    pub(super) fn remove(&mut self, place: Place, slab: &mut Slab) {
        self.len -= 1;
        let bucket = self.bucket(C::number(slab.at(place)));
        let behind = C::link(slab.at(place));
        let mut before = self.heads[bucket];
        if before == place {
            self.heads[bucket] = behind;
            return;
        }
        while C::link(slab.at(before)) != place {
            before = C::link(slab.at(before));
        }
        C::set_link(slab.at_mut(before), behind);
    }

    fn put(&mut self, place: Place, slab: &mut Slab) {
        let bucket = self.bucket(C::number(slab.at(place)));
        C::set_link(slab.at_mut(place), self.heads[bucket]);
        self.heads[bucket] = place;
    }

    /// One bucket more: of one other some move there.
    fn grow(&mut self, slab: &mut Slab) {
        let new = self.heads.len();
        self.heads.push(NOBODY);
        if new == 0 {
            return;
        }
        let split = new - (1 << new.ilog2());
        let mut place = std::mem::replace(&mut self.heads[split], NOBODY);
        while place != NOBODY {
            let behind = C::link(slab.at(place));
            self.put(place, slab);
            place = behind;
        }
    }

    /// As many bits of the hash as the buckets need; where that is no bucket yet, one less.
    fn bucket(&self, number: u64) -> usize {
        // Offsets and small keys come in steps: their low bits are no hash.
        let hash = ((number >> C::NEAR).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize;
        let buckets = self.heads.len();
        let whole = 1 << buckets.ilog2();
        let bucket = hash & (2 * whole - 1);
        if bucket < buckets { bucket } else { bucket - whole }
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.heads.bytes()
    }
}

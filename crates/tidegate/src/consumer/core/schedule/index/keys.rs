//! Who waits for whom inside a key: a ring in the order of origins, found by its last one.
//!
//! ```text
//!   table ──▶ last ──next──▶ first ──next──▶ ... ──next──▶ last      `extra` of the last: its link in the table
//!                                                                    `extra` of the first, where it is another one: bytes of all
//! ```
//!
//! The next of a key comes behind its last nearly always: then it is found at once, however many wait.

use super::slab::Slab;
use super::slot::{Place, ShortKey};
use super::table::{ByKey, Table};

/// The keys that have entries.
#[derive(Debug, Default)]
pub(super) struct Keys {
    lasts: Table<ByKey>,
}

impl Keys {
    fn ends(&self, key: ShortKey, slab: &Slab) -> Option<(Place, Place)> {
        let last = self.lasts.find(key.get(), slab)?;
        Some((slab.at(last).next(), last))
    }

    /// These are about to be looked for.
    pub(super) fn warm(&self, keys: impl Iterator<Item = ShortKey>, slab: &Slab) {
        self.lasts.warm(keys.map(ShortKey::get), slab);
    }

    pub(super) fn first(&self, key: ShortKey, slab: &Slab) -> Option<Place> {
        self.ends(key, slab).map(|(first, _)| first)
    }

    /// Bytes of all entries of a key.
    pub(super) fn bytes(&self, key: ShortKey, slab: &Slab) -> u32 {
        self.ends(key, slab).map_or(0, |ends| bytes(ends, slab))
    }

    /// An entry takes its place among those of its key.
    pub(super) fn enter(&mut self, key: ShortKey, place: Place, slab: &mut Slab) {
        let Some((first, last)) = self.ends(key, slab) else {
            slab.at_mut(place).set_next(place);
            return self.lasts.insert(place, slab);
        };
        let sum = bytes((first, last), slab).saturating_add(slab.at(place).size());
        let origin = slab.at(place).origin;
        let is_last = slab.at(last).origin < origin;
        let mut before = last;
        while !is_last && slab.at(slab.at(before).next()).origin < origin {
            before = slab.at(before).next();
        }
        let behind = slab.at(before).next();
        slab.at_mut(place).set_next(behind);
        slab.at_mut(before).set_next(place);
        if is_last {
            self.lasts.remove(last, slab);
            self.lasts.insert(place, slab);
        }
        let last = if is_last { place } else { last };
        keep_bytes(last, sum, slab);
    }

    /// An entry goes.
    pub(super) fn leave(&mut self, key: ShortKey, place: Place, slab: &mut Slab) {
        let Some((first, last)) = self.ends(key, slab) else { return };
        if first == last {
            return self.lasts.remove(place, slab);
        }
        let sum = bytes((first, last), slab).saturating_sub(slab.at(place).size());
        let mut before = last;
        while slab.at(before).next() != place {
            before = slab.at(before).next();
        }
        let behind = slab.at(place).next();
        slab.at_mut(before).set_next(behind);
        if place == last {
            self.lasts.remove(last, slab);
            self.lasts.insert(before, slab);
        }
        let last = if place == last { before } else { last };
        keep_bytes(last, sum, slab);
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.lasts.bytes()
    }
}

fn bytes((first, last): (Place, Place), slab: &Slab) -> u32 {
    if first == last { slab.at(last).size() } else { slab.at(first).extra() }
}

fn keep_bytes(last: Place, sum: u32, slab: &mut Slab) {
    let first = slab.at(last).next();
    if first != last {
        slab.at_mut(first).set_extra(sum);
    }
}

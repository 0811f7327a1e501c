//! What the core does with it.

use std::time::Duration;

use super::slot::Place;
use super::{Fresh, Index, ShortKey, Stage};
use crate::consumer::core::schedule::Stamp;
use crate::message::Offset;

impl Index {
    /// Entries of these keys are about to be noted.
    pub(in crate::consumer::core) fn warm(&self, keys: impl Iterator<Item = u64>) {
        self.keys.warm(keys.map(ShortKey::of), &self.slab);
    }

    /// Notes an entry. The highest attempt of a record counts (rule 22); gives the one of two that does not. `released`: its source
    /// record has had its turn.
    pub(in crate::consumer::core) fn note(
        &mut self,
        origin: Offset,
        fresh: Fresh,
        released: bool,
    ) -> Option<Fresh> {
        let Some(place) = self.place(origin) else {
            let stage = if released { Stage::Waiting } else { Stage::Unreleased };
            if !released {
                self.unreleased.insert(origin);
            }
            self.insert(origin, fresh, stage);
            return None;
        };
        let slot = self.slab.at(place);
        let stamp = self.stamps.stamp(slot.stamp());
        let known = Fresh { stamp, at: slot.at(), due: slot.due(), held: slot.is_held(), ..fresh };
        if (fresh.stamp, fresh.at) <= (known.stamp, known.at) {
            return Some(fresh);
        }
        self.renew(place, fresh);
        Some(known)
    }

    fn renew(&mut self, place: Place, fresh: Fresh) {
        self.disarm(place);
        self.held -= self.holds(place);
        let stamp = self.stamps.number(fresh.stamp);
        self.slab.at_mut(place).renew(fresh, stamp);
        self.held += self.holds(place);
        self.arm(place);
    }

    /// The next attempt of a record that is out is written: it waits again.
    pub(in crate::consumer::core) fn again(&mut self, origin: Offset, fresh: Fresh) {
        let Some(place) = self.place(origin) else { return };
        self.disarm(place);
        self.held -= self.holds(place);
        let slot = self.slab.at_mut(place);
        if matches!(slot.stage(), Stage::Asked | Stage::Out) {
            self.away -= 1;
        }
        slot.set_stage(Stage::Waiting);
        let stamp = self.stamps.number(fresh.stamp);
        self.slab.at_mut(place).renew(fresh, stamp);
        self.held += self.holds(place);
        self.arm(place);
    }

    /// The source record has had its turn: all that stands before it in its unit of order is finished, or waits here too.
    pub(in crate::consumer::core) fn release(&mut self, origin: Offset) {
        if !self.unreleased.remove(&origin) {
            return;
        }
        if let Some(place) = self.place(origin) {
            self.slab.at_mut(place).set_stage(Stage::Waiting);
            self.held += self.holds(place);
            self.arm(place);
        }
    }

    /// Whether it waits in here, and its source record has not had its turn.
    pub(in crate::consumer::core) fn is_unreleased(&self, origin: Offset) -> bool {
        self.unreleased.contains(&origin)
    }

    /// Entries below this offset whose source record has not had its turn.
    pub(in crate::consumer::core) fn unreleased_below(&self, next: Offset) -> Vec<Offset> {
        self.unreleased.range(..next).copied().collect()
    }

    /// Takes the next entry whose time has come: the driver is to bring its record from there.
    pub(in crate::consumer::core) fn due(&mut self, now: Duration) -> Option<(Offset, Offset)> {
        if self.next_due()? > now {
            return None;
        }
        let place = self.timers.as_mut()?.pop(&self.slab)?;
        let slot = self.slab.at_mut(place);
        slot.set_stage(Stage::Asked);
        self.away += 1;
        Some((slot.origin.offset(), slot.at()))
    }

    pub(in crate::consumer::core) fn next_due(&self) -> Option<Duration> {
        let first = self.timers.as_ref()?.first()?;
        Some(self.slab.at(first).due())
    }

    /// The record is here; false when it was not asked for.
    pub(in crate::consumer::core) fn brought(&mut self, origin: Offset) -> bool {
        let Some(place) = self.place(origin) else { return false };
        let asked = self.slab.at(place).stage() == Stage::Asked;
        if asked {
            self.slab.at_mut(place).set_stage(Stage::Out);
        }
        asked
    }

    /// The record could not be brought: it is asked for again then.
    pub(in crate::consumer::core) fn ask_again(&mut self, origin: Offset, due: Duration) -> bool {
        let Some(place) = self.place(origin) else { return false };
        let slot = self.slab.at_mut(place);
        if slot.stage() != Stage::Asked {
            return false;
        }
        slot.set_stage(Stage::Waiting);
        slot.set_due(due);
        self.away -= 1;
        self.arm(place);
        true
    }

    /// A record is settled, and its entry with it. Gives the key that it belonged to.
    pub(in crate::consumer::core) fn remove(&mut self, origin: Offset) -> Option<ShortKey> {
        let place = self.place(origin)?;
        self.unreleased.remove(&origin);
        if matches!(self.slab.at(place).stage(), Stage::Asked | Stage::Out) {
            self.away -= 1;
        }
        let (key, was_first) = self.take(place)?;
        if let Some(next) = self.first(key).filter(|_| was_first) {
            self.arm(next);
        }
        Some(key)
    }

    /// Which writing of a record counts.
    pub(in crate::consumer::core) fn stamp(&self, origin: Offset) -> Option<Stamp> {
        self.slot(origin).map(|slot| self.stamps.stamp(slot.stamp()))
    }

    pub(in crate::consumer::core) fn stage(&self, origin: Offset) -> Option<Stage> {
        self.slot(origin).map(super::Slot::stage)
    }

    /// Whether its source record has had its turn.
    pub(in crate::consumer::core) fn is_released(&self, origin: Offset) -> bool {
        self.stage(origin).is_some_and(|stage| stage != Stage::Unreleased)
    }

    /// The first record of this key that waits.
    pub(in crate::consumer::core) fn first_of(&self, key: u64) -> Option<Offset> {
        self.first(ShortKey::of(key)).map(|first| self.slab.at(first).origin.offset())
    }

    /// Whether a record of this key waits for one before it.
    pub(in crate::consumer::core) fn blocks(&self, key: u64, offset: Offset) -> bool {
        self.first_of(key).is_some_and(|first| first < offset)
    }

    /// Whether a record of any key waits that stands before this one. Looks at all of them, from where it found one last: it is
    /// asked only for a record that all others wait for.
    pub(in crate::consumer::core) fn any_key_below(&mut self, offset: Offset) -> bool {
        let places = self.slab.places();
        let stands = |place: &usize| {
            let keyed = self.slab.used(*place).filter(|slot| slot.key().is_some());
            keyed.is_some_and(|slot| slot.origin.offset() < offset)
        };
        let found = (self.witness..places).chain(0..self.witness.min(places)).find(stands);
        self.witness = found.unwrap_or_default();
        found.is_some()
    }

    /// Bytes of this key that wait.
    pub(in crate::consumer::core) fn bytes_of(&self, key: u64) -> usize {
        self.keys.bytes(ShortKey::of(key), &self.slab) as usize
    }

    /// Asked for, or out.
    pub(in crate::consumer::core) fn away(&self) -> usize {
        self.away
    }

    /// Whether nothing is known of any record.
    pub(in crate::consumer::core) fn is_empty(&self) -> bool {
        self.slab.len() == 0
    }

    /// Entries whose source record has had its turn: they are pending, and nobody else counts them. What holds its key has ended.
    pub(in crate::consumer::core) fn len(&self) -> usize {
        self.slab.len() - self.unreleased.len() - self.held
    }
}

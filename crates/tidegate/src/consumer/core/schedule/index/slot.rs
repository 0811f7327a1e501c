//! One entry, in as few bytes as it takes: an index of a million is to fit in 48 MB (rule 22).

use std::time::Duration;

use super::{Fresh, Stage};
use crate::message::Offset;

/// An unsigned number of so many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Packed<const BYTES: usize>([u8; BYTES]);

impl<const BYTES: usize> Packed<BYTES> {
    const MAX: u64 = u64::MAX >> (64 - 8 * BYTES);

    /// Numbers that do not fit become the largest that does.
    pub(super) fn saturating(number: u64) -> Self {
        let mut bytes = [0; BYTES];
        // The most significant byte first: so they compare as the numbers do.
        bytes.copy_from_slice(&number.min(Self::MAX).to_be_bytes()[8 - BYTES..]);
        Self(bytes)
    }

    pub(super) fn get(self) -> u64 {
        let mut bytes = [0; 8];
        bytes[8 - BYTES..].copy_from_slice(&self.0);
        u64::from_be_bytes(bytes)
    }
}

/// An offset. A partition that takes a million records a second gets to the end of them in nine years.
pub(super) type Short = Packed<6>;

impl Short {
    /// # Panics
    /// On an offset of 2^48: another one would be taken for it.
    pub(super) fn of(offset: Offset) -> Self {
        assert!(
            offset.0 <= Self::MAX,
            "offset {offset} is beyond what the schedule can tell apart"
        );
        Self::saturating(offset.0)
    }

    pub(super) fn offset(self) -> Offset {
        Offset(self.get())
    }
}

/// A hash of a key, shortened. Of a million keys that wait one more has one in a million's chance to be taken for one of them:
/// then it waits behind it, which is slower, and not wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::consumer::core) struct ShortKey(Packed<5>);

impl ShortKey {
    pub(in crate::consumer::core) fn of(key: u64) -> Self {
        Self(Packed::saturating(key & Packed::<5>::MAX))
    }

    pub(super) fn get(self) -> u64 {
        self.0.get()
    }
}

/// A place in the slab, or [`NOBODY`].
pub(super) type Place = u32;

/// No place.
pub(super) const NOBODY: Place = Place::MAX;

/// What the next of a free slot's key is.
const FREE: Place = NOBODY - 1;

/// Milliseconds, rounded up: nothing is early (rule 19). They last 34 years.
fn millis(due: Duration) -> Packed<5> {
    let millis = due.as_nanos().div_ceil(1_000_000);
    Packed::saturating(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// One entry. Its numbers have no alignment, so that it has no padding.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) origin: Short,
    at: Short,
    due: Packed<5>,
    key: Packed<5>,
    size: Packed<3>,
    /// Its number.
    stamp: Packed<4>,
    /// From the lowest bit: the stage (2), whether it has a key (1), whether it holds it (1).
    flags: u8,
    /// The next in its bucket of origins; of a free slot, the next free one.
    by_origin: Packed<4>,
    /// What it means is said in `keys.rs`.
    extra: Packed<4>,
    /// The next of its key.
    next: Packed<4>,
}

impl Slot {
    pub(super) fn new(origin: Offset, fresh: Fresh, stamp: u32, stage: Stage) -> Self {
        let nobody = Packed::saturating(u64::from(NOBODY));
        let mut slot = Self {
            origin: Short::of(origin),
            at: Short::of(fresh.at),
            due: millis(fresh.due),
            key: ShortKey::of(fresh.key.unwrap_or_default()).0,
            size: Packed::saturating(fresh.size as u64),
            stamp: Packed::saturating(u64::from(stamp)),
            flags: if fresh.key.is_some() { 4 } else { 0 },
            by_origin: nobody,
            extra: nobody,
            next: nobody,
        };
        slot.set_stage(stage);
        slot.set_held(fresh.held);
        slot
    }

    /// Another writing of the same record, elsewhere. What is measured by key stays as it was noted first.
    pub(super) fn renew(&mut self, fresh: Fresh, stamp: u32) {
        self.stamp = Packed::saturating(u64::from(stamp));
        (self.at, self.due) = (Short::of(fresh.at), millis(fresh.due));
        self.set_held(fresh.held);
    }

    /// Whether it is never due.
    pub(super) fn is_held(&self) -> bool {
        self.flags & 8 != 0
    }

    pub(super) fn set_held(&mut self, held: bool) {
        self.flags = self.flags & !8 | u8::from(held) << 3;
    }

    pub(super) fn is_free(&self) -> bool {
        self.next() == FREE
    }

    /// Nobody is here; the next free slot is there.
    pub(super) fn set_free(&mut self, next: Place) {
        self.set_next(FREE);
        self.set_by_origin(next);
    }

    pub(super) fn stage(&self) -> Stage {
        [Stage::Unreleased, Stage::Waiting, Stage::Asked, Stage::Out][usize::from(self.flags & 3)]
    }

    pub(super) fn set_stage(&mut self, stage: Stage) {
        self.flags = self.flags & !3 | stage as u8;
    }

    pub(super) fn key(&self) -> Option<ShortKey> {
        (self.flags & 4 != 0).then_some(ShortKey(self.key))
    }

    pub(super) fn at(&self) -> Offset {
        self.at.offset()
    }

    pub(super) fn due(&self) -> Duration {
        Duration::from_millis(self.due.get())
    }

    pub(super) fn set_due(&mut self, due: Duration) {
        self.due = millis(due);
    }

    /// Who comes first when time has come.
    pub(super) fn rank(&self) -> (Packed<5>, Short) {
        (self.due, self.origin)
    }

    pub(super) fn stamp(&self) -> u32 {
        number(self.stamp)
    }

    /// One of 16 MiB or more counts as that.
    pub(super) fn size(&self) -> u32 {
        number(self.size)
    }

    pub(super) fn by_origin(&self) -> Place {
        number(self.by_origin)
    }

    pub(super) fn set_by_origin(&mut self, place: Place) {
        self.by_origin = Packed::saturating(u64::from(place));
    }

    pub(super) fn extra(&self) -> u32 {
        number(self.extra)
    }

    pub(super) fn set_extra(&mut self, extra: u32) {
        self.extra = Packed::saturating(u64::from(extra));
    }

    pub(super) fn next(&self) -> Place {
        number(self.next)
    }

    pub(super) fn set_next(&mut self, place: Place) {
        self.next = Packed::saturating(u64::from(place));
    }
}

fn number<const BYTES: usize>(packed: Packed<BYTES>) -> u32 {
    packed.get() as u32 // of four bytes at most
}

//! Whether the client holds a partition, and how much is taken of it.

use std::time::Instant;

use super::Reading;
use crate::broker::kafka::member::buffer::{Marks, Room};

impl Reading {
    /// The client forgets what it has read ahead of what it holds, and reads that again: not for want of room, but when
    /// that has lasted.
    fn must_be_held(&self, now: Instant) -> bool {
        // Once it is held, only room ends it: that it moves is no room yet.
        let stays = self.deaf && self.held && self.buffer.is_full();
        !self.runs() || stays || self.buffer.is_stuck(now)
    }

    /// Whether the client is to be told to stop reading, or to go on: `Some(true)` stops it.
    pub(in super::super) fn change_hold(&mut self, marks: Marks, now: Instant) -> Option<bool> {
        self.buffer.weigh(marks, now);
        let hold = self.must_be_held(now);
        (hold != self.held).then_some(hold)
    }

    /// The client is told so. Whether its bounds are to be asked: while it was held for want of room, what the client had to
    /// say of its position was let go with the rest.
    pub(in super::super) fn hold(&mut self, hold: bool) -> bool {
        self.held = hold;
        if hold && self.runs() {
            self.buffer.was_let_go();
            self.deaf = true;
        }
        !hold && std::mem::take(&mut self.deaf)
    }

    /// How much more may be taken from the client now. What does not run is taken too, and not kept: errors stand among it. And
    /// one look is had at what is held: what the client has dropped leaves its memory only so.
    pub(in super::super) fn open(&mut self, marks: Marks, now: Instant) -> Option<Room> {
        let room = self.buffer.weigh(marks, now);
        if !self.runs() {
            return Some(marks.full);
        }
        if self.held {
            return Some(Room { records: 1, bytes: 1 });
        }
        room.filter(|_| !self.revoking)
    }

    /// Whether the client is to be told something else than it was.
    pub(in super::super) fn has_other_hold(&self, now: Instant) -> bool {
        self.held != self.must_be_held(now)
    }

    /// The client holds it, whatever was asked for before: it was just assigned.
    pub(in super::super) const fn is_held(&mut self) {
        self.held = true;
    }

    /// Whether it is not read for want of room, and there is room again.
    pub(in super::super) fn has_room_again(&self, low: Room) -> bool {
        self.buffer.has_room_again(low)
    }
}

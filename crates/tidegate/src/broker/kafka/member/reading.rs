//! Where a member stands in one of its partitions.
//!
//! ```text
//!  New ─ looked up ─▶ Described ─ told ─▶ Told ─ start ─▶ Starting ─ in range, sought ─▶ Running
//!                                          ▲                  │ out of range                │
//!                                          └──────────────────┴─────────────────────────────┘
//! ```

use std::time::{Duration, Instant};

use super::buffer::{Buffer, Marks, Room};
use super::silence::{Due, Silence};
use crate::broker::{Assignment, FetchLimit, Watermarks};
use crate::message::{Offset, Record};

/// A client that does not take a start for so long will not: a lost assignment.
const REFUSED: Duration = Duration::from_secs(10);

/// How far a partition is.
#[derive(Debug)]
pub(super) enum Stage {
    /// Granted; what the group committed is being looked up.
    New,
    /// To be told.
    Described(Assignment),
    /// The member knows; nothing is delivered.
    Told,
    /// To be read from here on.
    Starting { from: Offset, asked: bool },
    /// Delivered up to here, not counting the buffer.
    Running { position: Offset },
}

/// One granted partition.
#[derive(Debug)]
pub(super) struct Reading {
    /// Names this grant: an answer to a question about an earlier one says nothing.
    pub(super) grant: u64,
    pub(super) stage: Stage,
    /// It is being given back: commits count, nothing is delivered.
    pub(super) revoking: bool,
    /// The member wants nothing delivered.
    pub(super) paused: bool,
    /// The client was told to read nothing.
    held: bool,
    /// Newest bounds that are known.
    bounds: Watermarks,
    buffer: Buffer,
    pub(super) silence: Silence,
    /// Since when the client does not take the start.
    refused: Option<Instant>,
    /// The position fell out of these bounds: told when the buffer is empty.
    out: Option<Watermarks>,
    /// The client has given the partition up, and reads it again only after joining anew.
    given_up: bool,
    /// It is held, or was until now, for want of room.
    deaf: bool,
}

/// What a partition has for its member.
#[derive(Debug)]
pub(super) enum Next {
    Nothing,
    Records(Vec<Record>),
    OutOfRange { position: Offset, watermarks: Watermarks },
}

impl Reading {
    pub(super) fn new(grant: u64, now: Instant) -> Self {
        Self {
            grant,
            stage: Stage::New,
            revoking: false,
            paused: false,
            held: true,
            bounds: Watermarks::default(),
            buffer: Buffer::default(),
            silence: Silence::new(now),
            refused: None,
            out: None,
            given_up: false,
            deaf: false,
        }
    }

    /// Whether the member has heard of this grant.
    pub(super) fn is_told(&self) -> bool {
        !matches!(self.stage, Stage::New | Stage::Described(_))
    }

    pub(super) fn describe(&mut self, assignment: Assignment) {
        self.bounds = assignment.watermarks;
        self.stage = Stage::Described(assignment);
    }

    /// What is to be told of a new grant, once.
    pub(super) fn tell(&mut self) -> Option<Assignment> {
        match std::mem::replace(&mut self.stage, Stage::Told) {
            Stage::Described(assignment) => Some(assignment),
            other => {
                self.stage = other;
                None
            }
        }
    }

    pub(super) fn start(&mut self, from: Offset) {
        self.stage = Stage::Starting { from, asked: false };
        self.paused = false;
        self.out = None;
        self.refused = None;
        self.deaf = false;
        self.buffer = Buffer::default();
    }

    /// Whether the bounds must be asked before the client may be sent there.
    pub(super) fn ask_bounds(&mut self) -> bool {
        let Stage::Starting { from, asked } = &mut self.stage else { return false };
        let known = (self.bounds.start..=self.bounds.end).contains(from);
        !known && !std::mem::replace(asked, true)
    }

    /// Where the client is to be sent now.
    pub(super) fn to_seek(&self) -> Option<Offset> {
        let Stage::Starting { from, .. } = self.stage else { return None };
        let known = (self.bounds.start..=self.bounds.end).contains(&from);
        (known && !self.given_up).then_some(from)
    }

    /// A start that the client cannot follow where it is.
    pub(super) fn needs_new_grant(&self) -> bool {
        self.given_up && matches!(self.stage, Stage::Starting { .. })
    }

    pub(super) fn sought(&mut self, to: Offset) {
        if matches!(self.stage, Stage::Starting { from, .. } if from == to) {
            self.stage = Stage::Running { position: to };
            self.refused = None;
        }
    }

    /// The client does not take the start. Whether it has not for too long.
    pub(super) fn refused(&mut self, now: Instant) -> bool {
        let since = *self.refused.get_or_insert(now);
        now.saturating_duration_since(since) >= REFUSED && self.refused.take().is_some()
    }

    /// The bounds, just asked. `given_up`: asked because the client could not read on.
    /// Answers whether the position lies outside of them.
    pub(super) fn bounded(&mut self, bounds: Watermarks, given_up: bool) -> bool {
        self.bounds = bounds;
        let Some(position) = self.position() else { return false };
        let outside = !(bounds.start..=bounds.end).contains(&position);
        if outside {
            self.out = Some(bounds);
            self.given_up |= given_up;
        }
        outside
    }

    /// Where the client is sent, or reads on.
    pub(super) fn position(&self) -> Option<Offset> {
        match self.stage {
            Stage::Starting { from, .. } => Some(from),
            Stage::Running { position } => Some(position),
            Stage::New | Stage::Described(_) | Stage::Told => None,
        }
    }

    /// The highest end that is known.
    pub(super) fn known_end(&self) -> Offset {
        match self.stage {
            Stage::Running { position } => self.bounds.end.max(position),
            _ => self.bounds.end,
        }
    }

    /// Keeps what the client delivered. What was on its way for an earlier start is dropped.
    pub(super) fn keep(&mut self, record: Record, now: Instant) {
        let Stage::Running { position } = &mut self.stage else { return };
        if record.offset < *position {
            return;
        }
        *position = record.offset.next();
        self.silence.broken(now);
        self.buffer.push(record);
    }

    const fn runs(&self) -> bool {
        matches!(self.stage, Stage::Running { .. })
    }

    /// The client forgets what it has read ahead of what it holds, and reads that again: not for want of room, but when
    /// that has lasted.
    fn must_be_held(&self, now: Instant) -> bool {
        // Once it is held, only room ends it: that it moves is no room yet.
        let stays = self.deaf && self.held && self.buffer.is_full();
        !self.runs() || stays || self.buffer.is_stuck(now)
    }

    /// Whether the client is to be told to stop reading, or to go on: `Some(true)` stops it.
    pub(super) fn change_hold(&mut self, marks: Marks, now: Instant) -> Option<bool> {
        self.buffer.weigh(marks, now);
        let hold = self.must_be_held(now);
        (hold != self.held).then_some(hold)
    }

    /// The client is told so. Whether its bounds are to be asked: while it was held for want of room, what the client had to
    /// say of its position was let go with the rest.
    pub(super) fn hold(&mut self, hold: bool) -> bool {
        self.held = hold;
        if hold && self.runs() {
            self.buffer.was_let_go();
            self.deaf = true;
        }
        !hold && std::mem::take(&mut self.deaf)
    }

    /// How much more may be taken from the client now. What does not run is taken too, and not kept: errors stand among it. And
    /// one look is had at what is held: what the client has dropped leaves its memory only so.
    pub(super) fn open(&mut self, marks: Marks, now: Instant) -> Option<Room> {
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
    pub(super) fn has_other_hold(&self, now: Instant) -> bool {
        self.held != self.must_be_held(now)
    }

    /// What is to be done because nothing comes of it. `None` as well where nothing could come.
    pub(super) fn silence(&mut self, now: Instant) -> Option<Due> {
        let could_speak = self.runs() && !self.held && !self.revoking && self.buffer.is_empty();
        if !could_speak || self.out.is_some() {
            self.silence.excused(now);
        }
        self.silence.due(now)
    }

    /// Nothing could come of it.
    pub(super) fn excuse(&mut self, now: Instant) {
        self.silence.excused(now);
    }

    /// The bounds, just asked because nothing comes of it, and what the client stands at: it knows of markers that are
    /// no records. Whether that ends a silence that was told.
    pub(super) fn silence_answered(
        &mut self,
        bounds: Watermarks,
        client: Option<Offset>,
        now: Instant,
    ) -> bool {
        self.bounds = bounds;
        let goes_on = self.position().max(client).is_some_and(|at| at < bounds.end);
        self.silence.answered(goes_on, now)
    }

    /// Sends the client where it should be reading, and gives that and the end of the log.
    pub(super) fn read_again(&mut self) -> Option<(Offset, Offset)> {
        let from = self.position()?;
        self.stage = Stage::Starting { from, asked: false };
        Some((from, self.bounds.end))
    }

    /// The same, where anything is kept of what the client reads. Whether it is.
    pub(super) fn send_back(&mut self) -> bool {
        self.runs() && self.read_again().is_some()
    }

    /// The client holds it, whatever was asked for before: it was just assigned.
    pub(super) const fn is_held(&mut self) {
        self.held = true;
    }

    pub(super) fn next(&mut self, limit: &FetchLimit) -> Next {
        if self.paused || self.revoking {
            return Next::Nothing;
        }
        if !self.buffer.is_empty() {
            return Next::Records(self.buffer.take(limit));
        }
        let (Some(watermarks), Some(position)) = (self.out.take(), self.position()) else {
            return Next::Nothing;
        };
        self.stage = Stage::Told;
        Next::OutOfRange { position, watermarks }
    }

    /// Whether it is not read for want of room, and there is room again.
    pub(super) fn has_room_again(&self, low: Room) -> bool {
        self.buffer.has_room_again(low)
    }
}

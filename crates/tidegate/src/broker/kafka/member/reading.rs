//! Where a member stands in one of its partitions.
//!
//! ```text
//!  New ─ looked up ─▶ Described ─ told ─▶ Told ─ start ─▶ Starting ─ in range, sought ─▶ Running
//!                                          ▲                  │ out of range                │
//!                                          └──────────────────┴─────────────────────────────┘
//! ```

mod hold;
mod quiet;

use std::time::{Duration, Instant};

use super::buffer::Buffer;
use super::corrupt::Corrupt;
use super::silence::Silence;
use crate::broker::{Assignment, FetchLimit, Watermarks};
use crate::message::{Offset, Record};

/// A client that does not take a start for so long will not: a lost assignment.
const REFUSED: Duration = Duration::from_secs(10);
/// The same where it has taken one before: the client has given the partition up (`corrupt.rs`).
const REFUSED_AGAIN: Duration = Duration::from_secs(1);

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
    /// Where it stood when the bounds were asked that are not answered yet.
    asked_at: Option<Offset>,
    /// Newest bounds that are known.
    bounds: Watermarks,
    buffer: Buffer,
    pub(super) silence: Silence,
    /// What comes next cannot be read, or could not until now.
    corrupt: Option<Corrupt>,
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
            asked_at: None,
            bounds: Watermarks::default(),
            buffer: Buffer::default(),
            silence: Silence::new(now),
            corrupt: None,
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
        self.corrupt = None;
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
        (known && !self.given_up && !self.is_corrupt()).then_some(from)
    }

    /// A start that the client cannot follow where it is.
    pub(super) fn needs_new_grant(&self) -> bool {
        self.given_up && matches!(self.stage, Stage::Starting { .. })
    }

    /// The client reads there now. Whether that ends what was told of a corrupt batch.
    pub(super) fn sought(&mut self, to: Offset) -> bool {
        if !matches!(self.stage, Stage::Starting { from, .. } if from == to) {
            return false;
        }
        self.stage = Stage::Running { position: to };
        self.refused = None;
        self.corrupt.as_mut().is_some_and(Corrupt::sent_back)
    }

    /// The client does not take the start. Whether it has not for too long.
    pub(super) fn refused(&mut self, now: Instant) -> bool {
        let since = *self.refused.get_or_insert(now);
        let long = if self.corrupt.is_some() { REFUSED_AGAIN } else { REFUSED };
        now.saturating_duration_since(since) >= long && self.refused.take().is_some()
    }

    /// Its bounds are being asked. What comes meanwhile may lie behind the answer.
    pub(super) fn asks_bounds(&mut self) {
        self.asked_at = self.position();
    }

    /// Whether it stands before these bounds; or behind them, and did when they were asked.
    pub(super) fn lies_outside(&self, bounds: Watermarks) -> bool {
        let Some(at) = self.position() else { return false };
        let stands = self.asked_at.is_none_or(|before| before == at);
        at < bounds.start || (at > bounds.end && stands)
    }

    /// The bounds, just asked. `given_up`: asked because the client could not read on.
    /// Answers whether the position lies outside of them.
    pub(super) fn bounded(&mut self, bounds: Watermarks, given_up: bool) -> bool {
        let outside = self.lies_outside(bounds);
        self.asked_at = None;
        self.bounds = bounds;
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
        self.corrupt = None;
        self.buffer.push(record);
    }

    const fn runs(&self) -> bool {
        matches!(self.stage, Stage::Running { .. })
    }

    /// Sends the client where it should be reading, and gives that and the end of the log.
    pub(super) fn read_again(&mut self) -> Option<(Offset, Offset)> {
        let from = self.position()?;
        if self.runs() {
            // What was read lies within the log, and may be committed.
            self.bounds.end = self.bounds.end.max(from);
        }
        self.stage = Stage::Starting { from, asked: false };
        Some((from, self.bounds.end))
    }

    /// The same, where anything is kept of what the client reads. Whether it is.
    pub(super) fn send_back(&mut self) -> bool {
        self.runs() && self.read_again().is_some()
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
}

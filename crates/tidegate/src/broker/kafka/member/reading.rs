//! Where a member stands in one of its partitions.
//!
//! ```text
//!  New ─ looked up ─▶ Described ─ told ─▶ Told ─ start ─▶ Starting ─ in range, sought ─▶ Running
//!                                          ▲                  │ out of range                │
//!                                          └──────────────────┴─────────────────────────────┘
//! ```

use std::collections::VecDeque;

use crate::broker::taking::Taking;
use crate::broker::{Assignment, FetchLimit, Watermarks};
use crate::message::{Offset, Record};

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
    /// Nothing more is taken from the client for now.
    full: bool,
    /// Newest bounds that are known.
    bounds: Watermarks,
    buffer: VecDeque<Buffered>,
    bytes: usize,
    /// The position fell out of these bounds: told when the buffer is empty.
    out: Option<Watermarks>,
    /// The client has given the partition up, and reads it again only after joining anew.
    given_up: bool,
}

/// A record that waits for its member; its size is asked for more than once.
#[derive(Debug)]
struct Buffered {
    size: usize,
    record: Record,
}

impl Buffered {
    fn footprint(&self) -> usize {
        self.record.footprint_of(self.size)
    }
}

/// How much a partition's buffer takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) records: usize,
    pub(super) bytes: usize,
}

impl Room {
    /// A record of this size takes its part of it.
    pub(super) fn take(&mut self, size: usize) {
        self.records = self.records.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(size);
    }

    pub(super) fn is_used_up(self) -> bool {
        self.records == 0 || self.bytes == 0
    }
}

/// What a partition has for its member.
#[derive(Debug)]
pub(super) enum Next {
    Nothing,
    Records(Vec<Record>),
    OutOfRange { position: Offset, watermarks: Watermarks },
}

impl Reading {
    pub(super) fn new(grant: u64) -> Self {
        Self {
            grant,
            stage: Stage::New,
            revoking: false,
            paused: false,
            held: true,
            full: false,
            bounds: Watermarks::default(),
            buffer: VecDeque::new(),
            bytes: 0,
            out: None,
            given_up: false,
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
        self.buffer.clear();
        self.bytes = 0;
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
        }
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
    pub(super) fn keep(&mut self, record: Record) {
        let Stage::Running { position } = &mut self.stage else { return };
        if record.offset < *position {
            return;
        }
        *position = record.offset.next();
        let buffered = Buffered { size: record.size(), record };
        self.bytes += buffered.footprint();
        self.buffer.push_back(buffered);
    }

    /// Whether the client is to be told to stop reading, or to go on: `Some(true)` stops it. It forgets then what it has
    /// read ahead: never for want of room.
    pub(super) fn change_hold(&mut self) -> Option<bool> {
        let hold = !matches!(self.stage, Stage::Running { .. });
        (std::mem::replace(&mut self.held, hold) != hold).then_some(hold)
    }

    /// How much more may be taken from the client now. What was full is taken from again when it holds less
    /// than `low`: the threads do not wake each other for every record. What does not run is taken too, and not kept:
    /// errors stand among it, and what the client has dropped leaves its memory only so.
    pub(super) fn open(&mut self, full: Room, low: Room) -> Option<Room> {
        if !matches!(self.stage, Stage::Running { .. }) {
            return Some(full);
        }
        let (records, bytes) = (self.buffer.len(), self.bytes);
        let mark = if self.full { low } else { full };
        self.full = records >= mark.records || bytes >= mark.bytes;
        (!self.revoking && !self.full)
            .then(|| Room { records: full.records - records, bytes: full.bytes - bytes })
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
            return Next::Records(self.take(limit));
        }
        let (Some(watermarks), Some(position)) = (self.out.take(), self.position()) else {
            return Next::Nothing;
        };
        self.stage = Stage::Told;
        Next::OutOfRange { position, watermarks }
    }

    fn take(&mut self, limit: &FetchLimit) -> Vec<Record> {
        let mut taking = Taking::new(limit);
        let count = self.buffer.iter().take_while(|next| taking.fits_size(next.size)).count();
        let taken = self.buffer.drain(..count);
        let bytes = &mut self.bytes;
        taken.inspect(|next| *bytes -= next.footprint()).map(|next| next.record).collect()
    }

    /// Whether it is not read for want of room, and there is room again.
    pub(super) fn has_room_again(&self, low: Room) -> bool {
        self.full && self.buffer.len() < low.records && self.bytes < low.bytes
    }
}

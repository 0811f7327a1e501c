//! What a partition has for its member, in memory.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::broker::FetchLimit;
use crate::broker::taking::Taking;
use crate::message::Record;

/// A buffer that is full, and of which nothing has been taken for so long, is not about to have room: what the client keeps
/// for it keeps whole answers of the broker in memory, records of other partitions with it. Each time it lets go of that it
/// has to fetch it again: so the next time it is given twice as long, up to [`LONGEST`], until the buffer has been empty.
const LONG: Duration = Duration::from_secs(1);
/// See [`LONG`].
const LONGEST: Duration = Duration::from_secs(64);

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

/// A full buffer, and one with room again: the threads do not wake each other for every record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    pub(super) full: Room,
    pub(super) low: Room,
}

/// Records of one partition, in order.
#[derive(Debug)]
pub(super) struct Buffer {
    waiting: VecDeque<Buffered>,
    bytes: usize,
    /// Since when it is full, and nothing has been taken of it.
    full_since: Option<Instant>,
    /// Something was taken since it was weighed.
    moved: bool,
    /// How long it may stand before the client lets go.
    patience: Duration,
}

impl Default for Buffer {
    fn default() -> Self {
        let waiting = VecDeque::new();
        Self { waiting, bytes: 0, full_since: None, moved: false, patience: LONG }
    }
}

impl Buffer {
    pub(super) fn push(&mut self, record: Record) {
        let buffered = Buffered { size: record.size(), record };
        self.bytes += buffered.footprint();
        self.waiting.push_back(buffered);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How much more it takes now; `None` when it is full. What was full takes more when it holds less than the low mark.
    pub(super) fn weigh(&mut self, marks: Marks, now: Instant) -> Option<Room> {
        let (records, bytes) = (self.waiting.len(), self.bytes);
        if records == 0 {
            self.patience = LONG;
        }
        let moved = std::mem::take(&mut self.moved);
        let mark = if self.full_since.is_some() { marks.low } else { marks.full };
        if records >= mark.records || bytes >= mark.bytes {
            self.full_since = self.full_since.filter(|_| !moved).or(Some(now));
            return None;
        }
        self.full_since = None;
        let full = marks.full;
        Some(Room { records: full.records - records, bytes: full.bytes - bytes })
    }

    pub(super) const fn is_full(&self) -> bool {
        self.full_since.is_some()
    }

    /// Whether it has stood full for so long that the client is to let go of what it keeps for it.
    pub(super) fn is_stuck(&self, now: Instant) -> bool {
        let lasts = |since| now.saturating_duration_since(since) >= self.patience;
        !self.moved && self.full_since.is_some_and(lasts)
    }

    /// The client has let go, and will fetch it again.
    pub(super) fn was_let_go(&mut self) {
        self.patience = (self.patience * 2).min(LONGEST);
    }

    /// Whether nothing is taken for want of room, and there is room again.
    pub(super) fn has_room_again(&self, low: Room) -> bool {
        self.full_since.is_some() && self.waiting.len() < low.records && self.bytes < low.bytes
    }

    /// What the next poll takes.
    pub(super) fn take(&mut self, limit: &FetchLimit) -> Vec<Record> {
        self.moved = true;
        let mut taking = Taking::new(limit);
        let count = self.waiting.iter().take_while(|next| taking.fits_size(next.size)).count();
        let bytes = &mut self.bytes;
        let taken = self.waiting.drain(..count);
        taken.inspect(|next| *bytes -= next.footprint()).map(|next| next.record).collect()
    }
}

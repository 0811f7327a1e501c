//! A partition of which nothing comes: it is silent, or what comes next is corrupt.

use std::time::Instant;

use super::Reading;
use crate::broker::Watermarks;
use crate::broker::kafka::member::corrupt::Corrupt;
use crate::broker::kafka::member::silence::Due;
use crate::message::Offset;

impl Reading {
    /// What is to be done because nothing comes of it. `None` as well where nothing could come.
    pub(in super::super) fn silence(&mut self, now: Instant) -> Option<Due> {
        let could_speak = self.runs() && !self.held && !self.revoking && self.buffer.is_empty();
        if !could_speak || self.out.is_some() {
            self.silence.excused(now);
        }
        self.silence.due(now)
    }

    /// Nothing could come of it.
    pub(in super::super) fn excuse(&mut self, now: Instant) {
        self.silence.excused(now);
    }

    /// The bounds, just asked because nothing comes of it, and what the client stands at: it knows of markers that are
    /// no records. Whether that ends a silence that was told.
    pub(in super::super) fn silence_answered(
        &mut self,
        bounds: Watermarks,
        client: Option<Offset>,
        now: Instant,
    ) -> bool {
        self.bounds = bounds;
        let goes_on = self.position().max(client).is_some_and(|at| at < bounds.end);
        self.silence.answered(goes_on, now)
    }

    /// The client has reported that what comes next cannot be read: nothing more is kept until another one has read it. Where that is;
    /// `None` where nothing is kept anyway.
    pub(in super::super) fn meets_corrupt(&mut self, now: Instant) -> Option<Offset> {
        if !self.runs() {
            return None;
        }
        let (position, _) = self.read_again()?;
        match &mut self.corrupt {
            Some(corrupt) => corrupt.again(now),
            None => self.corrupt = Some(Corrupt::new(now)),
        }
        Some(position)
    }

    /// Nothing is to be read yet, for that reason.
    pub(in super::super) fn is_corrupt(&self) -> bool {
        self.corrupt.as_ref().is_some_and(|corrupt| !corrupt.is_readable())
    }

    /// Where it is to be asked now whether it can be read.
    pub(in super::super) fn ask_readable(&mut self, now: Instant) -> Option<Offset> {
        let due = self.corrupt.as_mut().is_some_and(|corrupt| corrupt.ask(now));
        self.position().filter(|_| due)
    }

    /// Another client could read there, or it is not known. Where it stands, if it still is corrupt.
    pub(in super::super) fn was_asked(&mut self, readable: bool, now: Instant) -> Option<Offset> {
        let corrupt = self.corrupt.as_mut().filter(|corrupt| !corrupt.is_readable())?;
        match readable {
            true => corrupt.readable(),
            false => corrupt.again(now),
        }
        self.position().filter(|_| !readable)
    }

    /// It is not in the log any more. Whether that ends what was told.
    pub(in super::super) fn corrupt_is_gone(&mut self) -> bool {
        self.corrupt.take().is_some_and(|corrupt| corrupt.is_told())
    }

    /// The client cannot be sent there yet.
    pub(in super::super) fn corrupt_waits(&mut self, now: Instant) {
        if let Some(corrupt) = &mut self.corrupt {
            corrupt.again(now);
        }
    }

    /// Whether no record has come since.
    pub(in super::super) const fn has_met_corrupt(&self) -> bool {
        self.corrupt.is_some()
    }
}

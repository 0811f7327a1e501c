//! Where a member stands in one of its partitions.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::broker::embedded::log::{PartitionLog, TailRead, Watch};
use crate::broker::taking::Taking;
use crate::broker::{FetchLimit, Watermarks};
use crate::message::{Offset, Record};

/// One owned partition.
#[derive(Debug)]
pub(super) struct Reading {
    log: Arc<PartitionLog>,
    /// Wakes the member when the partition changes.
    _watch: Watch,
    /// Where to read on, behind what is buffered; `None`: not started.
    position: Option<Offset>,
    pub(super) paused: bool,
    /// Loaded, and not delivered yet. A pause keeps it.
    buffer: VecDeque<Record>,
    /// The load under way.
    load: Option<u64>,
}

/// What a partition has for its member.
#[derive(Debug)]
pub(super) enum Next {
    Nothing,
    Records(Vec<Record>),
    /// The file must be read.
    Load {
        from: Offset,
    },
    OutOfRange {
        position: Offset,
        watermarks: Watermarks,
    },
}

impl Reading {
    pub(super) fn new(log: Arc<PartitionLog>, waker: Arc<Notify>) -> Self {
        let _watch = log.watch(waker);
        let buffer = VecDeque::new();
        Self { log, _watch, position: None, paused: false, buffer, load: None }
    }

    pub(super) fn log(&self) -> &Arc<PartitionLog> {
        &self.log
    }

    pub(super) fn start(&mut self, from: Offset) {
        self.position = Some(from);
        self.paused = false;
        self.buffer.clear();
        self.load = None;
    }

    /// Delivers nothing until it is started again; answers with where it stood.
    pub(super) fn stop(&mut self) -> Option<Offset> {
        self.load = None;
        self.position.take()
    }

    /// What comes next: the buffer, else memory, else a load.
    pub(super) fn next(&mut self, limit: &FetchLimit) -> Next {
        let Some(position) = self.position.filter(|_| !self.paused) else { return Next::Nothing };
        if !self.buffer.is_empty() {
            return Next::Records(self.take_buffered(limit));
        }
        if self.load.is_some() {
            return Next::Nothing;
        }
        match self.log.read_tail(position, limit) {
            TailRead::Older(_) => Next::Load { from: position },
            TailRead::OutOfRange(watermarks) => {
                self.stop();
                Next::OutOfRange { position, watermarks }
            }
            TailRead::Known { records, next, .. } => {
                self.position = Some(next);
                if records.is_empty() { Next::Nothing } else { Next::Records(records) }
            }
        }
    }

    fn take_buffered(&mut self, limit: &FetchLimit) -> Vec<Record> {
        let mut taking = Taking::new(limit);
        let count = self.buffer.iter().take_while(|record| taking.fits(record)).count();
        self.buffer.drain(..count).collect()
    }

    /// A load was begun.
    pub(super) fn loading(&mut self, read: u64) {
        self.load = Some(read);
    }

    /// Whether it is this load's result that is waited for; a start in between makes it stale.
    pub(super) fn awaits(&self, read: u64) -> bool {
        self.load == Some(read)
    }

    pub(super) fn keep(&mut self, records: Vec<Record>, next: Offset) {
        self.load = None;
        self.buffer = records.into();
        self.position = Some(next);
    }
}

//! The watchdog of one partition: has work, and gets no further; or gets none, though its log goes on, or because what comes next is
//! corrupt.

use std::time::Duration;

use crate::consumer::core::cx::Cx;
use crate::consumer::core::partition::Partition;
use crate::consumer::core::work::State;
use crate::events::RuntimeEvent;
use crate::message::Offset;

/// Since when the lowest unfinished record is the same.
#[derive(Debug, Default)]
pub(super) struct Watch {
    at: Offset,
    since: Duration,
    /// When to look again; `None`: nothing is unfinished, or it was told.
    look: Option<Duration>,
    told: bool,
    /// The broker says that nothing comes, and nothing has come since.
    silent: bool,
    /// The broker says that what comes next cannot be read.
    corrupt: bool,
}

impl Watch {
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.look
    }
}

impl Partition {
    /// Looks whether the partition gets on. A record that waits for its next attempt, or for a dependency, is no sign
    /// of trouble: that was told when it began.
    pub(super) fn tend_watch(&mut self, cx: &mut Cx<'_>) {
        let (now, at) = (cx.now.elapsed, self.tracker.watermark());
        let stands = self.running() && self.tracker.len() > 0 && self.outage.is_none();
        let watched = self.watch.look.is_some() || self.watch.told;
        if !stands || !watched || at != self.watch.at {
            return self.moves(at, stands, cx);
        }
        if self.watch.look.take_if(|look| *look <= now).is_none() {
            return;
        }
        let Some(doing) = self.doing(at) else {
            self.watch.look = Some(cx.after(cx.config.stuck_after));
            return;
        };
        self.watch.told = true;
        let (partition, lasted) = (self.id.clone(), now.saturating_sub(self.watch.since));
        self.tell(RuntimeEvent::PartitionStuck { partition, offset: at, doing, lasted }, cx);
    }

    fn moves(&mut self, at: Offset, stands: bool, cx: &mut Cx<'_>) {
        let now = cx.now.elapsed;
        let told = std::mem::take(&mut self.watch.told);
        let look = stands.then(|| cx.after(cx.config.stuck_after));
        let Watch { silent, corrupt, .. } = self.watch;
        self.watch = Watch { at, since: now, look, told: false, silent, corrupt };
        if told {
            self.tell(RuntimeEvent::PartitionMoves { partition: self.id.clone() }, cx);
        }
    }

    /// The broker has noticed that nothing comes of it.
    pub(super) fn silent(&mut self, position: Offset, end: Offset, cx: &mut Cx<'_>) {
        if self.running() {
            self.watch.silent = true;
            let partition = self.id.clone();
            self.tell(RuntimeEvent::PartitionSilent { partition, position, end }, cx);
        }
    }

    /// A record has come, or none was to come.
    pub(super) fn breaks_silence(&mut self, cx: &mut Cx<'_>) {
        if std::mem::take(&mut self.watch.silent) {
            self.tell(RuntimeEvent::SilenceOver { partition: self.id.clone() }, cx);
        }
    }

    /// The broker cannot read its next batch. Records from before it may come yet: they end nothing.
    pub(super) fn corrupt(&mut self, position: Offset, reason: String, cx: &mut Cx<'_>) {
        if self.running() {
            self.watch.corrupt = true;
            let partition = self.id.clone();
            self.tell(RuntimeEvent::CorruptBatch { partition, position, reason }, cx);
        }
    }

    /// The broker reads on.
    pub(super) fn readable(&mut self, cx: &mut Cx<'_>) {
        if std::mem::take(&mut self.watch.corrupt) {
            self.tell(RuntimeEvent::CorruptBatchOver { partition: self.id.clone() }, cx);
        }
    }

    /// What the record is in the middle of; `None`: it waits, and has said so.
    fn doing(&self, offset: Offset) -> Option<&'static str> {
        match self.tracker.get(offset)?.state {
            State::Queued => Some("queued"),
            State::Running => Some("running"),
            State::Settling(_) => Some("settling"),
            State::Waiting | State::Parked => None,
        }
    }
}

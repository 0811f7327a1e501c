//! One owned partition: its phases, and what it holds in each.
//!
//! ```text
//!  Assigned ─▶ Owning ── Owned ok, start chosen ─▶ Proving ── commit accepted ─▶ Running ──▶ revoked, lost: gone
//!                 ▲ failed: back-off, again           └ refused: back-off, again    ├──▶ Cut: the service fails; only commits
//!                 │                                                                 ├──▶ Halted: it is someone else's
//!                 └──────────────── fenced: a new epoch, after a back-off ──────────┘
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use crate::broker::Assignment;
use crate::consumer::core::commit::Progress;
use crate::consumer::core::cx::Cx;
use crate::consumer::core::metadata::RetryState;
use crate::consumer::core::outage::Outage;
use crate::consumer::core::ownership::restored;
use crate::consumer::core::pauses::{Pauses, Reason};
use crate::consumer::core::tracker::Tracker;
use crate::consumer::core::work::{State, Work};
use crate::consumer::core::{Command, Counts, Delivered, End, LocalEpoch, WorkId};
use crate::events::RuntimeEvent;
use crate::message::{Offset, TopicPartition};
use crate::policy::Order;

/// How far the ownership is.
#[derive(Debug)]
pub(super) enum Phase {
    /// The stores of effects are being told. `again`: when to try once more. Without an assignment, what is known is kept.
    Owning { assignment: Option<Assignment>, failures: u32, again: Option<Duration> },
    /// The start is chosen; a commit must be accepted before anything runs (rule 10).
    Proving,
    /// Records flow.
    Running,
    /// Cancelled, because the service fails; what is finished is still committed.
    Cut,
    /// Someone else's: nothing runs, and nothing is committed.
    Halted,
}

#[derive(Debug)]
pub(super) struct Partition {
    pub(super) id: TopicPartition,
    pub(super) epoch: LocalEpoch,
    pub(super) phase: Phase,
    /// Nothing new starts: it is being given back.
    pub(super) draining: bool,
    pub(super) tracker: Tracker,
    /// Retries of an earlier owner whose records have not arrived yet, and when they are due here.
    pub(super) restored: BTreeMap<Offset, (RetryState, Duration)>,
    /// The log's first offset when the group first saw it (rule 8).
    pub(super) log_start: Offset,
    pub(super) pauses: Pauses,
    pub(super) outage: Option<Outage>,
    /// Time spent in outages that are over.
    pub(super) paused: Duration,
    pub(super) progress: Progress,
    pub(super) counts: Counts,
    cancelled: bool,
    /// How often a store knew another owner.
    fences: u32,
}

impl Partition {
    pub(super) fn new(assignment: Assignment, epoch: LocalEpoch, counts: Counts) -> Self {
        Self {
            id: assignment.partition.clone(),
            epoch,
            log_start: assignment.watermarks.start,
            phase: Phase::Owning { assignment: Some(assignment), failures: 0, again: None },
            draining: false,
            tracker: Tracker::new(Offset::default()),
            restored: BTreeMap::new(),
            pauses: Pauses::default(),
            outage: None,
            paused: Duration::ZERO,
            progress: Progress::default(),
            counts,
            cancelled: false,
            fences: 0,
        }
    }

    pub(super) fn work(&self, offset: Offset) -> WorkId {
        WorkId { partition: self.id.clone(), epoch: self.epoch, offset }
    }

    pub(super) fn running(&self) -> bool {
        matches!(self.phase, Phase::Running)
    }

    /// Takes records in. What comes during a drain, or before the start, is not ours to run.
    pub(super) fn deliver(&mut self, records: Vec<Delivered>, cx: &mut Cx<'_>) {
        if !self.running() || self.draining {
            return;
        }
        for record in records {
            let order = cx.route(record.policy).order;
            let restored = self.restored.remove(&record.offset);
            if self.tracker.deliver(record, order, restored) {
                self.counts.deliver();
            } else {
                let (partition, offset) = (self.id.clone(), record.offset);
                cx.tell(RuntimeEvent::Redelivered { partition, offset });
            }
        }
    }

    /// Starts the next record whose turn it is; false when there is none.
    pub(super) fn start_next(&mut self, slots: bool, cx: &mut Cx<'_>) -> bool {
        if !self.running() || self.draining {
            return false;
        }
        if self.outage.is_some() {
            return self.start_probe(slots, cx);
        }
        let room = self.metadata_has_room();
        let admit = |work: &Work, fresh: bool| match work.order {
            Order::Partition => true,
            Order::None => slots && (room || !fresh),
        };
        let Some(offset) = self.tracker.next_start(admit) else { return false };
        self.tracker.take(offset);
        self.start(offset, cx);
        true
    }

    /// Does what a record's timer was set for.
    pub(super) fn wake(&mut self, offset: Offset, cx: &mut Cx<'_>) {
        match self.tracker.get(offset).map(|work| &work.state) {
            Some(State::Waiting) => self.tracker.requeue(offset),
            Some(State::Settling(_)) if self.running() => self.repeat_step(offset, cx),
            _ => {}
        }
    }

    /// A record is finished, once and for all.
    pub(super) fn end(&mut self, offset: Offset, end: End, cx: &mut Cx<'_>) {
        let Some(work) = self.tracker.finish(offset) else { return };
        self.counts.end(end);
        let stale = self.restored.len();
        let watermark = self.tracker.watermark();
        self.restored.retain(|offset, _| *offset >= watermark);
        if work.retry.is_some() || self.restored.len() != stale {
            self.progress.metadata_changed(false);
        }
        cx.push(Command::Forget { work: self.work(offset), end });
        cx.tell(RuntimeEvent::Settled { partition: self.id.clone(), offset, end });
    }

    /// Stops everything that runs for this ownership. Told once.
    pub(super) fn cancel(&mut self, cx: &mut Cx<'_>) {
        if !self.cancelled {
            self.cancelled = true;
            cx.push(Command::Cancel { partition: self.id.clone(), epoch: self.epoch });
        }
    }

    /// The partition is someone else's: drops everything, commits nothing (rules 10, 13).
    pub(super) fn halt(&mut self, cx: &mut Cx<'_>) {
        self.cancel(cx);
        self.phase = Phase::Halted;
        self.outage = None;
        self.counts.cut();
        self.tracker = Tracker::new(self.tracker.watermark());
    }

    /// A store knows another owner. Either the group has given the partition to it, and we shall be told; or it was a member that
    /// believed so wrongly: then the store is told again that we are the owner, and an accepted commit proves it (rule 10).
    /// [`Member`](super::member::Member) gives the new epoch.
    pub(super) fn fenced(&mut self, cx: &mut Cx<'_>) {
        let retries = self.retries();
        self.halt(cx);
        cx.tell(RuntimeEvent::Fenced { partition: self.id.clone() });
        if self.draining {
            return;
        }
        self.restored = restored(retries, cx);
        self.fences = self.fences.saturating_add(1);
        let delay = cx.config.outage_backoff.delay(self.fences, cx.draw());
        let again = Some(cx.after(delay));
        self.phase = Phase::Owning { assignment: None, failures: 0, again };
    }

    /// Whether it waits to be taken again, and its epoch is over.
    pub(super) fn wants_epoch(&self) -> bool {
        self.cancelled && matches!(self.phase, Phase::Owning { .. })
    }

    pub(super) fn renew(&mut self, epoch: LocalEpoch) {
        self.epoch = epoch;
        self.cancelled = false;
        self.pauses = Pauses::default();
        self.progress.renew();
    }

    /// Nothing new starts any more.
    pub(super) fn drain(&mut self) {
        self.draining = true;
        self.pauses.set(Reason::Drain, true);
    }

    /// Whether nothing runs or settles that would still have to be waited for.
    pub(super) fn idle(&self) -> bool {
        !self.running() || self.tracker.busy() == 0
    }

    /// The time that counts for the age of a record: without outages (rule 19).
    pub(super) fn active_clock(&self, now: Duration) -> Duration {
        let outage = self.outage.as_ref().map_or(Duration::ZERO, |outage| outage.lasted(now));
        now.saturating_sub(self.paused + outage)
    }

    pub(super) fn tell_pauses(&mut self, cx: &mut Cx<'_>) {
        if !self.running() {
            return;
        }
        match self.pauses.news() {
            Some(true) => cx.push(Command::Pause(self.id.clone())),
            Some(false) => cx.push(Command::Resume(self.id.clone())),
            None => {}
        }
    }

    /// When something of this partition waits for the time, its commits left aside.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let own = match &self.phase {
            Phase::Owning { again, .. } if !self.draining => *again,
            _ => None,
        };
        let records = if self.running() { self.tracker.next_timer() } else { None };
        let outage = self.outage.as_ref().and_then(|outage| outage.deadline(self.draining));
        [own, records, outage.filter(|_| self.running())].into_iter().flatten().min()
    }
}

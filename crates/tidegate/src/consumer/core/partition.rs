//! One owned partition: its phases, and what it holds in each.
//!
//! ```text
//!  Assigned ─▶ Owning ── Owned ok, start chosen ─▶ (Restoring) ─▶ Proving ── commit accepted ─▶ Running ──▶ revoked, lost: gone
//!                 ▲ failed: back-off, again                          └ refused: back-off, again    ├──▶ Cut: the service fails; only commits
//!                 │                                                                                ├──▶ Halted: it is someone else's
//!                 └────────────────────── fenced: a new epoch, after a back-off ───────────────────┘
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use crate::broker::Assignment;
use crate::consumer::core::commit::Progress;
use crate::consumer::core::cx::Cx;
use crate::consumer::core::lease::Lease;
use crate::consumer::core::metadata::{DoneAbove, RetryState};
use crate::consumer::core::outage::Outage;
use crate::consumer::core::ownership::restored;
use crate::consumer::core::pauses::{Pauses, Reason};
use crate::consumer::core::schedule::{Fence, Schedule};
use crate::consumer::core::tracker::Tracker;
use crate::consumer::core::watch::Watch;
use crate::consumer::core::{Command, CoreConfig, Counts, End, LocalEpoch, Start, WorkId};
use crate::events::RuntimeEvent;
use crate::message::{Offset, TopicId, TopicPartition};
use crate::planted::planted;

/// How far the ownership is.
#[derive(Debug)]
pub(super) enum Phase {
    /// The stores of effects are being told. `again`: when to try once more. Without an assignment, what is known is kept.
    Owning { assignment: Option<Assignment>, failures: u32, again: Option<Duration> },
    /// The start is chosen, and what waits in the schedule is being read: nothing runs before all of it is known (rule 12).
    Restoring,
    /// A commit must be accepted before anything runs (rule 10).
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
    /// Which topic of its name it is of, if the log says so.
    pub(super) topic_id: Option<TopicId>,
    pub(super) epoch: LocalEpoch,
    pub(super) phase: Phase,
    /// Nothing new starts: it is being given back.
    pub(super) draining: bool,
    pub(super) tracker: Tracker,
    pub(super) schedule: Schedule,
    /// What the companion held when this ownership began, or as long as it has not, the last one (rule 22).
    pub(super) fence: Fence,
    /// Retries of an earlier owner whose records have not arrived yet, and when they are due here.
    pub(super) restored: BTreeMap<Offset, (RetryState, Duration)>,
    /// What an earlier owner had finished above its commit, and has not arrived here yet (rule 8).
    pub(super) done_above: DoneAbove,
    /// The log's first offset when the group first saw it (rule 8).
    pub(super) log_start: Offset,
    pub(super) pauses: Pauses,
    pub(super) outage: Option<Outage>,
    /// Time spent in outages that are over.
    pub(super) paused: Duration,
    pub(super) progress: Progress,
    pub(super) lease: Lease,
    pub(super) watch: Watch,
    pub(super) counts: Counts,
    /// Records that this step starts.
    pub(super) starts: Vec<Start>,
    /// Records that have ended in this step, and of which nobody was told yet.
    ended: Vec<(Offset, End)>,
    cancelled: bool,
    /// How often a store knew another owner.
    fences: u32,
}

impl Partition {
    pub(super) fn new(assignment: Assignment, epoch: LocalEpoch, counts: Counts) -> Self {
        Self {
            id: assignment.partition.clone(),
            topic_id: assignment.topic_id,
            epoch,
            log_start: assignment.watermarks.start,
            phase: Phase::Owning { assignment: Some(assignment), failures: 0, again: None },
            draining: false,
            tracker: Tracker::new(Offset::default()),
            schedule: Schedule::default(),
            fence: Fence::default(),
            restored: BTreeMap::new(),
            done_above: DoneAbove::default(),
            pauses: Pauses::default(),
            outage: None,
            paused: Duration::ZERO,
            progress: Progress::default(),
            lease: Lease::default(),
            watch: Watch::default(),
            counts,
            starts: Vec::new(),
            ended: Vec::new(),
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

    /// A record is finished, once and for all; whoever waited for its entry has its turn.
    pub(super) fn end(&mut self, offset: Offset, end: End) {
        let known = self.tracker.is_recalled(offset) || self.schedule.knows(offset);
        if self.finish(offset, end) && known {
            self.unblock(offset);
        }
    }

    /// A record is finished; what is written of it in the schedule stays. False when it was before.
    pub(super) fn finish(&mut self, offset: Offset, end: End) -> bool {
        let before = self.tracker.watermark();
        let recalled = self.tracker.is_recalled(offset);
        let Some(work) = self.tracker.finish(offset) else { return false };
        self.counts.end(end);
        self.ended.push((offset, end));
        if planted!(SettledTwice) && work.attempts() > 0 {
            self.ended.push((offset, end));
        }
        if planted!(CountersReset) {
            self.tracker.forget_failures();
        }
        // The commits know nothing of what was recalled.
        if !recalled {
            let moved = self.passed(before);
            // What is told of the part above the commit is to be told anew; a higher commit says so by itself.
            if !moved || work.retry().is_some() {
                self.progress.metadata_changed(false);
            }
        }
        true
    }

    /// A record was finished by an earlier owner, as its commit said (rule 8).
    pub(super) fn end_at_arrival(&mut self, offset: Offset) {
        let before = self.tracker.watermark();
        if self.tracker.pass(offset) {
            self.counts.deliver();
            self.counts.end(End::Duplicate);
            self.ended.push((offset, End::Duplicate));
            self.passed(before);
        }
    }

    /// Forgets what lies below the watermark, if it has moved.
    pub(super) fn passed(&mut self, before: Offset) -> bool {
        let watermark = self.tracker.watermark();
        if watermark == before {
            return false;
        }
        let stale = self.restored.len();
        self.restored.retain(|offset, _| *offset >= watermark);
        self.done_above.forget_below(watermark);
        if self.restored.len() != stale {
            self.progress.metadata_changed(false);
        }
        true
    }

    /// Tells something of this partition, after what has ended before.
    pub(super) fn tell(&mut self, event: RuntimeEvent, cx: &mut Cx<'_>) {
        self.tell_ended(cx);
        cx.tell(event);
    }

    pub(super) fn tell_ended(&mut self, cx: &mut Cx<'_>) {
        if !self.ended.is_empty() {
            let ended = std::mem::take(&mut self.ended);
            cx.push(Command::Forget { partition: self.id.clone(), epoch: self.epoch, ended });
        }
    }

    /// Hands what was started to the lanes, together.
    pub(super) fn send_starts(&mut self, cx: &mut Cx<'_>) {
        if !self.starts.is_empty() {
            let starts = std::mem::take(&mut self.starts);
            cx.push(Command::Run { partition: self.id.clone(), epoch: self.epoch, starts });
        }
    }

    /// Stops everything that runs for this ownership. Told once.
    pub(super) fn cancel(&mut self, cx: &mut Cx<'_>) {
        if !self.cancelled {
            self.cancelled = true;
            self.tell_ended(cx);
            cx.push(Command::Cancel { partition: self.id.clone(), epoch: self.epoch });
        }
    }

    /// The partition is someone else's: drops everything, commits nothing (rules 10, 13).
    pub(super) fn halt(&mut self, cx: &mut Cx<'_>) {
        self.cancel(cx);
        if self.running() && !planted!(FencedReadsOn) && self.pauses.end() {
            cx.push(Command::Pause(self.id.clone())); // nobody here takes what would come; a new start ends it
        }
        self.phase = Phase::Halted;
        self.outage = None;
        self.counts.cut();
        self.done_above = self.all_done_above();
        self.schedule = Schedule::default();
        self.tracker = Tracker::new(self.tracker.watermark());
    }

    /// A store knows another owner. Either the group has given the partition to it, and we shall be told; or it was a member that
    /// believed so wrongly: then the store is told again that we are the owner, and an accepted commit proves it (rule 10).
    /// [`Member`](super::member::Member) gives the new epoch.
    pub(super) fn fenced(&mut self, cx: &mut Cx<'_>) {
        let retries = self.retries();
        self.halt(cx);
        self.tell(RuntimeEvent::Fenced { partition: self.id.clone() }, cx);
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
        self.lease = Lease::default();
        self.progress.renew();
    }

    /// Nothing new starts any more; what a lane has not begun comes back.
    pub(super) fn drain(&mut self, cx: &mut Cx<'_>) {
        if self.running() && !self.draining {
            cx.push(Command::Hold { partition: self.id.clone(), epoch: self.epoch });
        }
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
            Some(false) if planted!(LostWakeUp) => {}
            Some(false) => {
                if planted!(ResumeGoesBack) {
                    let (partition, from) = (self.id.clone(), self.tracker.watermark());
                    cx.push(Command::Start { partition, epoch: self.epoch, from });
                }
                cx.push(Command::Resume(self.id.clone()));
            }
            None => {}
        }
    }

    /// When something of this partition waits for the time, its commits left aside.
    pub(super) fn deadline(&self, config: &CoreConfig) -> Option<Duration> {
        let own = match &self.phase {
            Phase::Owning { again, .. } if !self.draining => *again,
            _ => None,
        };
        let outage = self.outage.as_ref().and_then(|outage| outage.deadline(self.draining));
        let scheduled = self.schedule_deadline(config);
        let (lease, watch) = (self.lease.deadline(), self.watch.deadline());
        let work = [self.tracker.next_timer(), scheduled, outage, lease, watch];
        let work = work.into_iter().flatten().filter(|_| self.running()).min();
        [own, work].into_iter().flatten().min()
    }
}

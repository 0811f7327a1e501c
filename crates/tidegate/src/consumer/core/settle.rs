//! Settling in acknowledged steps: each one is durable before the next begins, and the offset comes last (rules 3-5).
//!
//! ```text
//!  done, at least once    [Publish]                                        ─▶ Done
//!  done, transactional     Mark ─▶ [Dispatch]                              ─▶ Done        [..]: when something is emitted
//!  duplicate              [Dispatch]                                       ─▶ Duplicate
//!  dead, at least once     DeadLetter ─▶ (DeadHandler) ─▶ [Publish]        ─▶ Dead        (..): when there is one
//!  dead, transactional     DeadLetter ─▶ (DeadHandler) ─▶ MarkDead ─▶ [Dispatch] ─▶ Dead
//!  dead, holds its key     DeadLetter ─▶ Schedule ─▶ as above ─▶ Schedule ─▶ {Unschedule} ─▶ Dead
//!  failed, to be retried   Schedule ─▶ {Unschedule}                        ─▶ waits       {..}: of the attempt before
//! ```
//! Of a record that was recalled from the schedule the last step is `Unschedule`, whatever becomes of it.

use std::time::Duration;

use crate::class::Failure;
use crate::consumer::core::cx::Cx;
use crate::consumer::core::partition::Partition;
use crate::consumer::core::places::only_waits;
use crate::consumer::core::schedule::{Fresh, Goal, Hold};
use crate::consumer::core::work::State;
use crate::consumer::core::{Attempt, Command, End, Step, StepFailure, StepKind};
use crate::events::RuntimeEvent;
use crate::message::Offset;
use crate::planted::planted;
use crate::policy::{Effects, RoutePolicy};

/// A stall is told when it begins, and then so often.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// How far the settling of a record is.
#[derive(Debug)]
pub(super) struct Settling {
    step: Step,
    /// Whether something is still to be published once the marker is there.
    emits: bool,
    goal: Goal,
    failures: u32,
    told: Option<Duration>,
    /// In a back-off: no answer is expected.
    waiting: bool,
}

impl Settling {
    fn new(step: Step, emits: bool, goal: Goal) -> Self {
        Self { step, emits, goal, failures: 0, told: None, waiting: false }
    }

    /// A dead letter's history, which the entry behind it tells too.
    fn take_history(&mut self) -> Vec<Attempt> {
        match &mut self.step {
            Step::DeadLetter { history, .. } => std::mem::take(history),
            _ => Vec::new(),
        }
    }

    /// Only for [`Bug::UnackedEntry`](crate::planted::Bug::UnackedEntry).
    #[cfg(feature = "testing")]
    pub(super) fn writes_entry(&self) -> bool {
        matches!(self.step, Step::Schedule(_))
    }
}

impl Partition {
    pub(super) fn settle_done(&mut self, offset: Offset, emits: bool, cx: &mut Cx<'_>) {
        let Some(route) = self.route(offset, cx) else { return };
        let step = match route.effects {
            Effects::Transactional => Some(Step::Mark),
            Effects::AtLeastOnce => emits.then_some(Step::Publish),
        };
        if route.effects == Effects::AtLeastOnce {
            self.outage_over(offset, cx);
        }
        self.settle(offset, step, emits, Goal::End(End::Done), cx);
    }

    /// Rule 28: what the marker still owes goes out before the offset.
    pub(super) fn settle_duplicate(&mut self, offset: Offset, owes: bool, cx: &mut Cx<'_>) {
        let owes = owes && !planted!(OwedForgotten);
        let goal = Goal::End(End::Duplicate);
        self.settle(offset, owes.then_some(Step::Dispatch), owes, goal, cx);
    }

    pub(super) fn settle_dead(
        &mut self,
        offset: Offset,
        failure: Failure,
        attempts: u32,
        history: Vec<Attempt>,
        cx: &mut Cx<'_>,
    ) {
        let letter = Step::DeadLetter { failure, attempts, history };
        self.settle(offset, Some(letter), false, Goal::End(End::Dead), cx);
    }

    fn route<'a>(&self, offset: Offset, cx: &Cx<'a>) -> Option<&'a RoutePolicy> {
        self.tracker.get(offset).map(|work| cx.route(work.policy))
    }

    /// Begins a step; without one its entry in the schedule goes, if it has one, and the record is finished.
    pub(super) fn settle(
        &mut self,
        offset: Offset,
        step: Option<Step>,
        emits: bool,
        goal: Goal,
        cx: &mut Cx<'_>,
    ) {
        match goal {
            Goal::Hold(end, None) if step.is_none() => {
                return self.hold(offset, Hold::Key, end, cx);
            }
            Goal::End(end @ End::Dead)
                if step.is_none() && planted!(HoldAfterMark) && self.holds_key(offset, cx) =>
            {
                return self.hold(offset, Hold::Key, end, cx);
            }
            _ => {}
        }
        let Some(step) = step.or_else(|| self.strike(offset, goal)) else {
            return self.struck(offset, goal, cx);
        };
        self.begin_step(offset, step, emits, goal, cx);
    }

    /// Begins a step after which the record is not finished.
    pub(super) fn settle_to(&mut self, offset: Offset, step: Step, goal: Goal, cx: &mut Cx<'_>) {
        self.begin_step(offset, step, false, goal, cx);
    }

    fn begin_step(&mut self, offset: Offset, step: Step, emits: bool, goal: Goal, cx: &mut Cx<'_>) {
        if self.route(offset, cx).is_some_and(|route| only_waits(&step, route)) {
            self.tracker.leave_place(offset);
        }
        let settling = Settling::new(step, emits, goal);
        self.tracker.set(offset, State::Settling(Box::new(settling)));
        self.send_step(offset, cx);
    }

    /// The step whose answer is expected.
    pub(super) fn awaits(&mut self, offset: Offset) -> Option<Step> {
        let running = self.running();
        let settling = self.settling(offset).filter(|settling| running && !settling.waiting)?;
        Some(settling.step.clone())
    }

    /// The step that a record is in, when an answer to it is expected.
    fn settling(&mut self, offset: Offset) -> Option<&mut Settling> {
        match &mut self.tracker.get_mut(offset)?.state {
            State::Settling(settling) => Some(settling),
            _ => None,
        }
    }

    /// A step was answered. An answer to another step, or to one that waits, changes nothing (rules 10, 13).
    pub(super) fn stepped(
        &mut self,
        offset: Offset,
        kind: StepKind,
        result: Result<bool, StepFailure>,
        cx: &mut Cx<'_>,
    ) {
        let running = self.running();
        let expected =
            |settling: &&mut Settling| running && !settling.waiting && settling.step.kind() == kind;
        let Some(settling) = self.settling(offset).filter(expected) else { return };
        let (emits, goal) = (settling.emits, settling.goal);
        if kind == StepKind::Mark && matches!(result, Ok(_) | Err(StepFailure::Duplicate)) {
            self.outage_over(offset, cx);
        }
        match result {
            Ok(more) => {
                let emits = if kind == StepKind::DeadHandler { more } else { emits };
                self.advance(offset, kind, emits, goal, cx);
            }
            Err(failure) => self.step_failed(offset, kind, failure, cx),
        }
    }

    fn advance(
        &mut self,
        offset: Offset,
        done: StepKind,
        emits: bool,
        goal: Goal,
        cx: &mut Cx<'_>,
    ) {
        if done == StepKind::Unschedule {
            return self.struck(offset, goal, cx);
        }
        if done == StepKind::DeadLetter && self.holds_key(offset, cx) && !planted!(HoldAfterMark) {
            let history = self.settling(offset).map(Settling::take_history).unwrap_or_default();
            if let Some(work) = self.tracker.get_mut(offset) {
                work.past_mut().history = history;
            }
            return self.hold(offset, Hold::Dead, End::Dead, cx);
        }
        let Some(route) = self.route(offset, cx) else { return };
        self.settle(offset, following(done, emits, route), emits, goal, cx);
    }

    /// An entry of what is dead-lettered is acknowledged: what follows a dead letter follows the first one (rule 4), and the end the
    /// one that holds the key.
    pub(super) fn hold_written(&mut self, offset: Offset, fresh: Fresh, cx: &mut Cx<'_>) {
        let goal = self.settling(offset).map(|settling| settling.goal);
        let (Some(Goal::Hold(end, _)), Some(route)) = (goal, self.route(offset, cx)) else {
            return;
        };
        let (step, entry) = match fresh.held {
            true => (None, Some(fresh)),
            false => (following(StepKind::DeadLetter, false, route), None),
        };
        self.settle(offset, step, false, Goal::Hold(end, entry), cx);
    }

    fn step_failed(
        &mut self,
        offset: Offset,
        kind: StepKind,
        failure: StepFailure,
        cx: &mut Cx<'_>,
    ) {
        match failure {
            StepFailure::Fenced => self.fenced(cx),
            StepFailure::Lapsed => self.lapsed(offset),
            StepFailure::Again(_)
                if kind == StepKind::DeadLetter && planted!(UnackedDeadLetter) =>
            {
                self.advance(offset, kind, false, Goal::End(End::Dead), cx);
            }
            StepFailure::Again(_)
                if kind == StepKind::Publish && planted!(PublishFailureReruns) =>
            {
                self.tracker.set(offset, State::Waiting);
                self.tracker.wake_at(cx.after(Duration::from_millis(100)), offset);
            }
            StepFailure::Duplicate => self.settle_duplicate(offset, true, cx),
            StepFailure::Dead => self.settle_twin(offset, cx),
            StepFailure::Again(why) => self.stall(offset, None, why, cx),
            StepFailure::Rerun(why) => match kind {
                StepKind::Mark => self.outage_at(offset, "store", why, cx),
                StepKind::MarkDead => {
                    let handler = self.route(offset, cx).is_some_and(|route| route.dead_handler);
                    self.stall(offset, handler.then_some(Step::DeadHandler), why, cx);
                }
                _ => self.stall(offset, None, why, cx),
            },
        }
    }

    /// Rule 31: a twin was dead-lettered meanwhile, and its handler has run. What it owes goes out; this one's key is held all the same.
    fn settle_twin(&mut self, offset: Offset, cx: &mut Cx<'_>) {
        match self.settling(offset).map(|settling| settling.goal) {
            Some(Goal::Hold(_, entry)) => {
                let goal = Goal::Hold(End::Duplicate, entry);
                self.settle(offset, Some(Step::Dispatch), true, goal, cx);
            }
            _ => self.settle_duplicate(offset, true, cx),
        }
    }

    /// The step waits, and is tried again for ever: a stalled record beats a lost one (rule 5).
    fn stall(&mut self, offset: Offset, instead: Option<Step>, message: String, cx: &mut Cx<'_>) {
        let now = cx.now.elapsed;
        let Some(settling) = self.settling(offset) else { return };
        let step = settling.step.kind();
        settling.step = instead.unwrap_or_else(|| settling.step.clone());
        settling.step.take_another_name();
        settling.waiting = true;
        settling.failures = settling.failures.saturating_add(1);
        let delay = cx.config.settle_backoff.delay(settling.failures, cx.draw());
        let tell = settling.told.is_none_or(|told| now.saturating_sub(told) >= TELL_EVERY);
        if tell {
            settling.told = Some(now);
        }
        self.tracker.wake_at(cx.after(delay), offset);
        if tell {
            let partition = self.id.clone();
            self.tell(RuntimeEvent::SettleStalled { partition, offset, step, message }, cx);
        }
    }

    pub(super) fn repeat_step(&mut self, offset: Offset, cx: &mut Cx<'_>) {
        let waits = self.settling(offset).is_some_and(|settling| settling.waiting);
        if waits && self.running() {
            self.send_step(offset, cx);
        }
    }

    /// Rule 10: nothing settles unless the lease holds.
    fn send_step(&mut self, offset: Offset, cx: &mut Cx<'_>) {
        if !self.lease.holds(cx.now.elapsed) {
            return self.lapsed(offset);
        }
        let Some(settling) = self.settling(offset) else { return };
        settling.waiting = false;
        let step = settling.step.clone();
        if let Step::Schedule(entry) = &step
            && entry.hold != Hold::No
        {
            self.expect(offset, entry.stamp);
        }
        cx.push(Command::Step { work: self.work(offset), step });
    }

    /// The step waits until a commit was accepted.
    fn lapsed(&mut self, offset: Offset) {
        if let Some(settling) = self.settling(offset) {
            settling.waiting = true;
            self.lease.wait_for(offset);
        }
    }
}

/// What comes after an acknowledged step.
fn following(done: StepKind, emits: bool, route: &RoutePolicy) -> Option<Step> {
    let transactional = route.effects == Effects::Transactional;
    match done {
        StepKind::DeadLetter if route.dead_handler => Some(Step::DeadHandler),
        StepKind::DeadLetter | StepKind::DeadHandler if transactional => Some(Step::MarkDead),
        StepKind::DeadHandler if emits => Some(Step::Publish),
        StepKind::Mark | StepKind::MarkDead if emits => Some(Step::Dispatch),
        _ => None,
    }
}

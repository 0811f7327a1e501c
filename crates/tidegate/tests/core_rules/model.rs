//! What the rules say must happen to one record: written apart from the core, so that the two can disagree.

use std::time::Duration;

use tidegate::class::{Cause, Class};
use tidegate::consumer::core::{End, StepFailure, StepKind, Verdict};
use tidegate::policy::{Effects, RoutePolicy};

/// What the core may do next with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// Run it, when its turn and its time have come.
    Run,
    /// Say that it will be tried again.
    Retry,
    /// Nothing, before it is answered.
    Answer,
    /// This step, at once or after a back-off.
    Step(StepKind),
    /// Forget it, at once.
    Forget(End),
}

#[derive(Debug)]
pub(crate) struct Rec {
    pub(crate) policy: usize,
    pub(crate) want: Want,
    pub(crate) started: bool,
    pub(crate) failed: u32,
    pub(crate) unknown: u32,
    pub(crate) due: Duration,
    /// The counts (failed, unknown) that a commit tells: those of the last retry that was scheduled.
    pub(crate) noted: (u32, u32),
    end: End,
    emits: bool,
}

impl Rec {
    pub(crate) fn new(policy: usize, failed: u32, unknown: u32, due: Duration) -> Self {
        let (want, started, end, emits) = (Want::Run, false, End::Done, false);
        let noted = (failed, unknown);
        Self { policy, want, started, failed, unknown, due, noted, end, emits }
    }

    pub(crate) fn finished(&mut self, verdict: &Verdict, route: &RoutePolicy) {
        self.want = match verdict {
            Verdict::Done { emits } => {
                (self.end, self.emits) = (End::Done, *emits);
                match (route.effects, emits) {
                    (Effects::Transactional, _) => Want::Step(StepKind::Mark),
                    (Effects::AtLeastOnce, true) => Want::Step(StepKind::Publish),
                    (Effects::AtLeastOnce, false) => Want::Forget(End::Done),
                }
            }
            Verdict::Duplicate { owes } => self.duplicate(*owes),
            Verdict::Skipped | Verdict::Dead => Want::Forget(End::Skipped),
            Verdict::Failed { failure, .. } => self.failed(failure.class, failure.cause, route),
            Verdict::Fenced => Want::Answer,
            Verdict::Held => Want::Run,
        };
    }

    fn failed(&mut self, class: Class, cause: Cause, route: &RoutePolicy) -> Want {
        if matches!(class, Class::Outage(_)) {
            return Want::Run;
        }
        self.failed += 1;
        self.unknown += u32::from(cause != Cause::Error);
        self.end = End::Dead;
        let again = matches!(class, Class::Transient | Class::TransientAfter(_));
        if again && self.failed < attempts(route) && self.unknown < 3 {
            Want::Retry
        } else {
            Want::Step(StepKind::DeadLetter)
        }
    }

    fn duplicate(&mut self, owes: bool) -> Want {
        self.end = End::Duplicate;
        if owes { Want::Step(StepKind::Dispatch) } else { Want::Forget(End::Duplicate) }
    }

    pub(crate) fn stepped(
        &mut self,
        kind: StepKind,
        result: &Result<bool, StepFailure>,
        route: &RoutePolicy,
    ) {
        self.want = match result {
            Ok(more) => {
                self.emits = if kind == StepKind::DeadHandler { *more } else { self.emits };
                self.acked(kind, route)
            }
            Err(StepFailure::Fenced) => Want::Answer,
            Err(StepFailure::Duplicate | StepFailure::Dead) => self.duplicate(true),
            Err(StepFailure::Rerun(_)) if kind == StepKind::Mark => Want::Run,
            Err(StepFailure::Rerun(_)) if kind == StepKind::MarkDead && route.dead_handler => {
                Want::Step(StepKind::DeadHandler)
            }
            Err(_) => Want::Step(kind),
        };
    }

    fn acked(&self, kind: StepKind, route: &RoutePolicy) -> Want {
        let emits = self.emits && self.end != End::Duplicate;
        let path: &[StepKind] = match (self.end, route.effects, route.dead_handler, emits) {
            (End::Dead, Effects::AtLeastOnce, false, _) => &[StepKind::DeadLetter],
            (End::Dead, Effects::AtLeastOnce, true, false) => {
                &[StepKind::DeadLetter, StepKind::DeadHandler]
            }
            (End::Dead, Effects::AtLeastOnce, true, true) => {
                &[StepKind::DeadLetter, StepKind::DeadHandler, StepKind::Publish]
            }
            (End::Dead, Effects::Transactional, false, _) => {
                &[StepKind::DeadLetter, StepKind::MarkDead]
            }
            (End::Dead, Effects::Transactional, true, false) => {
                &[StepKind::DeadLetter, StepKind::DeadHandler, StepKind::MarkDead]
            }
            (End::Dead, Effects::Transactional, true, true) => &[
                StepKind::DeadLetter,
                StepKind::DeadHandler,
                StepKind::MarkDead,
                StepKind::Dispatch,
            ],
            (End::Done, Effects::Transactional, _, true) => &[StepKind::Mark, StepKind::Dispatch],
            (End::Done, Effects::Transactional, _, false) => &[StepKind::Mark],
            _ => &[kind],
        };
        let at = path.iter().position(|step| *step == kind).expect("a step of the path");
        path.get(at + 1).map_or(Want::Forget(self.end), |next| Want::Step(*next))
    }
}

pub(crate) fn attempts(route: &RoutePolicy) -> u32 {
    if route.order == tidegate::policy::Order::Partition { 4 } else { 3 }
}

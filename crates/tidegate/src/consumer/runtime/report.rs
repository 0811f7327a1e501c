//! What lanes tell the driver.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::consumer::core::{StepFailure, StepKind, Verdict};
use crate::consumer::runtime::job::Carry;
use crate::consumer::runtime::tenure::Tenure;
use crate::events::RuntimeEvent;
use crate::message::Offset;

/// What became of a task, or of a part of it.
pub(super) enum Report {
    Ran(Ran),
    Stepped(Stepped),
    /// A call that wrote into the schedule.
    Wrote {
        tenure: Arc<Tenure>,
        steps: Vec<Stepped>,
    },
    /// The ownership has ended: nothing is to be heard of it.
    Cut,
}

impl Report {
    /// How many chains, steps and calls it answers.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Ran(ran) => ran.chains,
            Self::Stepped(_) | Self::Wrote { .. } | Self::Cut => 1,
        }
    }
}

/// Chains that have ended, or stopped.
pub(super) struct Ran {
    pub(super) tenure: Arc<Tenure>,
    pub(super) answers: Vec<(Offset, Verdict)>,
    /// What attempts left for the steps of settling.
    pub(super) carries: Vec<(Offset, Carry)>,
    /// How many chains these were.
    pub(super) chains: usize,
}

/// A step of settling that was answered.
pub(super) struct Stepped {
    pub(super) tenure: Arc<Tenure>,
    pub(super) offset: Offset,
    pub(super) kind: StepKind,
    pub(super) result: Result<bool, StepFailure>,
    pub(super) carry: Carry,
    /// What the step itself has to tell.
    pub(super) told: Option<RuntimeEvent>,
}

/// Where a lane hands in its reports.
pub(super) struct Counter {
    pub(super) reports: mpsc::UnboundedSender<(usize, Vec<Report>)>,
    /// The lane's place among the lanes.
    pub(super) place: usize,
}

impl Counter {
    /// Whether anybody listens.
    pub(super) fn hand_in(&self, reports: Vec<Report>) -> bool {
        self.reports.send((self.place, reports)).is_ok()
    }
}

/// Puts reports of one ownership together: the driver takes them in one step.
pub(super) fn add(done: &mut Vec<Report>, report: Report) {
    match (done.last_mut(), report) {
        (Some(Report::Ran(last)), Report::Ran(ran)) if last.tenure.is(&ran.tenure) => {
            last.answers.extend(ran.answers);
            last.carries.extend(ran.carries);
            last.chains += ran.chains;
        }
        (_, report) => done.push(report),
    }
}

#[cfg(test)]
mod tests;

//! A line: the chains of one hand-over, in order, for the worker that takes the next.
//!
//! A chain is records of one unit of order, one after another, as long as each ends plainly.

use std::iter::Peekable;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::vec::IntoIter;

use crate::broker::sync::lock;
use crate::consumer::core::{Start, Verdict};
use crate::consumer::runtime::job::Carry;
use crate::consumer::runtime::lane::Starts;
use crate::consumer::runtime::report::Ran;
use crate::consumer::runtime::tenure::Tenure;
use crate::delivery::Identified;
use crate::message::Offset;

/// Chains that wait for a worker, and what became of those that ended at the first look.
pub(super) struct Line {
    pub(super) tenure: Arc<Tenure>,
    /// When it was handed over, on the service's clock.
    pub(super) handed: Duration,
    /// Only the lane's own thread is ever here: the lock is for the type.
    state: Mutex<State>,
}

struct State {
    rest: Peekable<IntoIter<(Start, Arc<Identified>)>>,
    ended: Course,
    chains: usize,
}

/// One chain: most have one record.
pub(super) struct Chain {
    pub(super) first: (Start, Arc<Identified>),
    rest: Starts,
}

/// What became of records.
#[derive(Default)]
pub(super) struct Course {
    pub(super) answers: Vec<(Offset, Verdict)>,
    /// What attempts left for the steps of settling.
    pub(super) carries: Vec<(Offset, Carry)>,
    /// The chain did not end at the first look.
    pub(super) waited: bool,
    /// The time on the service's clock, where it was read at the end of the last attempt and nothing was waited for since.
    pub(super) read: Option<Duration>,
}

impl Line {
    pub(super) fn new(tenure: Arc<Tenure>, starts: Starts, handed: Duration) -> Self {
        let answers = Vec::with_capacity(starts.len());
        let ended = Course { answers, ..Course::default() };
        let rest = starts.into_iter().peekable();
        Self { tenure, handed, state: Mutex::new(State { rest, ended, chains: 0 }) }
    }

    /// The next chain.
    pub(super) fn take(&self) -> Option<Chain> {
        lock(&self.state).take()
    }

    /// Notes how a chain has gone that ended at the first look, and gives the next one.
    pub(super) fn next(&self, course: &mut Course) -> Option<Chain> {
        let mut state = lock(&self.state);
        state.chains += 1;
        state.ended.answers.append(&mut course.answers);
        state.ended.carries.append(&mut course.carries);
        state.take()
    }

    /// Whether no chain waits for a worker.
    pub(super) fn is_empty(&self) -> bool {
        lock(&self.state).rest.peek().is_none()
    }

    /// What is to be told of the chains that ended at the first look, once.
    pub(super) fn told(&self) -> Option<Ran> {
        let mut state = lock(&self.state);
        let Course { answers, carries, .. } = std::mem::take(&mut state.ended);
        let chains = std::mem::take(&mut state.chains);
        (chains > 0).then(|| Ran { tenure: self.tenure.clone(), answers, carries, chains })
    }
}

impl State {
    fn take(&mut self) -> Option<Chain> {
        let first = self.rest.next()?;
        let mut rest = Vec::new();
        while let Some(next) = self.rest.next_if(|(start, _)| start.follows) {
            rest.push(next);
        }
        Some(Chain { first, rest })
    }
}

impl Chain {
    /// Its records, in order.
    pub(super) fn records(self) -> impl Iterator<Item = (Start, Arc<Identified>)> {
        std::iter::once(self.first).chain(self.rest)
    }
}

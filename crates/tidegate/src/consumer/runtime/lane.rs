//! A lane: a worker that runs what the driver hands over, as many records side by side as it is given.
//!
//! ```text
//!            bounded                      chains, each one record after another             unbounded: never more
//!   driver ── Task ──▶ first look: ready? ─┬─ yes ─────────────────────────────▶ reports ──▶ than was handed over
//!                                          └─ no: waits among the running ─ ready ─┘
//! ```
//!
//! No task is made for a record. A handler that awaits delays nobody; one that keeps the thread delays what its lane
//! holds, and is told of (`RuntimeEvent::LaneStuck`).

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;

use crate::broker::BoxFuture;
use crate::consumer::core::{Start, Step, StepFailure};
use crate::consumer::runtime::beat::Beat;
use crate::consumer::runtime::call::unpanicked;
use crate::consumer::runtime::job::{Carry, Job, Site};
use crate::consumer::runtime::line::Line;
use crate::consumer::runtime::report::{Counter, Report, Stepped, add};
use crate::consumer::runtime::shop::Shop;
use crate::consumer::runtime::tenure::Tenure;
use crate::consumer::runtime::worker::{Running, Worker};
use crate::consumer::runtime::writes::Write;
use crate::consumer::runtime::{entries, settle};
use crate::delivery::Identified;
use crate::message::Offset;
use crate::meter::LaneMeter;

/// Records to be run, with what the driver holds of them: chain after chain.
pub(super) type Starts = Vec<(Start, Arc<Identified>)>;

/// What the driver hands over.
pub(super) enum Task {
    /// Whole chains, one after the other in the list.
    Run { tenure: Arc<Tenure>, starts: Starts, handed: Duration },
    /// One step of settling.
    Step { tenure: Arc<Tenure>, offset: Offset, item: Arc<Identified>, carry: Carry, step: Step },
    /// One call of what is written into the schedule.
    Write { tenure: Arc<Tenure>, writes: Vec<Write> },
}

/// One lane's end of the channels, and its pulse.
pub(super) struct Lane {
    pub(super) shop: Arc<Shop>,
    pub(super) tasks: mpsc::Receiver<Task>,
    pub(super) counter: Arc<Counter>,
    pub(super) beat: Arc<Beat>,
    pub(super) meter: Option<Arc<LaneMeter>>,
}

impl Lane {
    /// Until the driver is gone.
    pub(super) async fn run(mut self) {
        let mut running = Running::new();
        loop {
            let mut done = Vec::new();
            tokio::select! {
                biased;
                Some(report) = running.next() => done.push(report),
                task = self.tasks.recv() => match task {
                    Some(task) => self.begin_all(task, &mut running, &mut done).await,
                    None => return,
                },
            }
            while let Some(Some(report)) = running.next().now_or_never() {
                add(&mut done, report);
            }
            if !done.is_empty() && !self.counter.hand_in(done) {
                return;
            }
        }
    }

    /// This one and all that are there: attempts that begin together may find together to a batch.
    async fn begin_all(&mut self, task: Task, running: &mut Running, done: &mut Vec<Report>) {
        let mut next = Some(task);
        while let Some(task) = next {
            self.begin(task, running, done).await;
            next = self.tasks.try_recv().ok();
        }
    }

    /// Looks once at each chain: most end at once, and never wait among the others.
    async fn begin(&self, task: Task, running: &mut Running, done: &mut Vec<Report>) {
        match task {
            Task::Run { tenure, starts, handed } => {
                let worker = Worker {
                    shop: self.shop.clone(),
                    beat: self.beat.clone(),
                    counter: self.counter.clone(),
                    line: Arc::new(Line::new(tenure, starts, handed)),
                    meter: self.meter.clone(),
                };
                worker.begin(running, done).await;
            }
            Task::Step { tenure, offset, item, carry, step } => {
                let site = Site { shop: self.shop.clone(), tenure, offset, item };
                look(Box::pin(step_of(self.beat.clone(), site, carry, step)), running, done);
            }
            Task::Write { tenure, writes } => {
                let (shop, beat) = (self.shop.clone(), self.beat.clone());
                look(Box::pin(entries::call(shop, beat, tenure, writes)), running, done);
            }
        }
    }
}

/// The first look.
fn look(mut future: BoxFuture<'static, Report>, running: &mut Running, done: &mut Vec<Report>) {
    match future.as_mut().now_or_never() {
        Some(report) => add(done, report),
        None => running.push(future),
    }
}

/// Rule 10: nothing settles unless the lease holds at this moment.
async fn step_of(beat: Arc<Beat>, site: Site, carry: Carry, step: Step) -> Report {
    let (kind, tenure, offset) = (step.kind(), site.tenure.clone(), site.offset);
    if !tenure.is_trusted(site.shop.clock.elapsed()) {
        let result = Err(StepFailure::Lapsed);
        return Report::Stepped(Stepped { tenure, offset, kind, result, carry, told: None });
    }
    let over = tenure.over.clone();
    let work = settle::run(Job { site, carry }, step);
    let mut work = Box::pin(beat.watch(&tenure, offset, work));
    let stepped = tokio::select! {
        biased;
        () = over.cancelled() => {
            let _ = unpanicked("the dead-letter handler", move || drop(work));
            return Report::Cut;
        }
        (stepped, _) = &mut work => stepped,
    };
    drop(work);
    let (result, carry, told) = stepped;
    Report::Stepped(Stepped { tenure, offset, kind, result, carry, told })
}

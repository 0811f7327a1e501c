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

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;

use crate::broker::BoxFuture;
use crate::consumer::core::{Start, Step, StepFailure, StepKind, Verdict};
use crate::consumer::runtime::beat::Beat;
use crate::consumer::runtime::call::unpanicked;
use crate::consumer::runtime::job::{Carry, Job, Site};
use crate::consumer::runtime::shop::Shop;
use crate::consumer::runtime::tenure::Tenure;
use crate::consumer::runtime::{attempt, settle};
use crate::delivery::Identified;
use crate::events::RuntimeEvent;
use crate::message::Offset;

/// Records to be run, with what the driver holds of them: chain after chain.
pub(super) type Starts = Vec<(Start, Arc<Identified>)>;

/// What the driver hands over.
pub(super) enum Task {
    /// Whole chains, one after the other in the list.
    Run { tenure: Arc<Tenure>, starts: Starts },
    /// One step of settling.
    Step { tenure: Arc<Tenure>, offset: Offset, item: Arc<Identified>, carry: Carry, step: Step },
}

/// What became of it.
pub(super) enum Report {
    Ran(Ran),
    Stepped(Stepped),
    /// The ownership has ended: nothing is to be heard of it.
    Cut,
}

impl Report {
    /// How many chains and steps it answers.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Ran(ran) => ran.chains,
            Self::Stepped(_) | Self::Cut => 1,
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

/// One lane's end of the channels, and its pulse.
pub(super) struct Lane {
    pub(super) shop: Arc<Shop>,
    pub(super) tasks: mpsc::Receiver<Task>,
    pub(super) reports: mpsc::UnboundedSender<(usize, Vec<Report>)>,
    pub(super) beat: Arc<Beat>,
    /// Its place among the lanes.
    pub(super) place: usize,
}

type Running = FuturesUnordered<BoxFuture<'static, Report>>;

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
            if !done.is_empty() && self.reports.send((self.place, done)).is_err() {
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
            Task::Run { tenure, starts } => {
                for starts in chains(starts) {
                    let chain = Chain {
                        shop: self.shop.clone(),
                        beat: self.beat.clone(),
                        tenure: tenure.clone(),
                        reports: self.reports.clone(),
                        place: self.place,
                    };
                    begin_one(Box::pin(chain.run(starts)), running, done).await;
                }
            }
            Task::Step { tenure, offset, item, carry, step } => {
                let site = Site { shop: self.shop.clone(), tenure, offset, item };
                let future = step_of(self.beat.clone(), site, carry, step);
                begin_one(Box::pin(future), running, done).await;
            }
        }
    }
}

async fn begin_one(
    mut future: BoxFuture<'static, Report>,
    running: &mut Running,
    done: &mut Vec<Report>,
) {
    match futures_util::poll!(&mut future) {
        std::task::Poll::Ready(report) => add(done, report),
        std::task::Poll::Pending => running.push(future),
    }
}

/// Puts reports of one ownership together: the driver takes them in one step.
fn add(done: &mut Vec<Report>, report: Report) {
    match (done.last_mut(), report) {
        (Some(Report::Ran(last)), Report::Ran(ran)) if Arc::ptr_eq(&last.tenure, &ran.tenure) => {
            last.answers.extend(ran.answers);
            last.carries.extend(ran.carries);
            last.chains += ran.chains;
        }
        (_, report) => done.push(report),
    }
}

/// Splits the list where a record follows nobody.
fn chains(starts: Starts) -> impl Iterator<Item = Starts> {
    let mut rest = starts.into_iter().peekable();
    std::iter::from_fn(move || {
        let mut chain = vec![rest.next()?];
        while let Some(next) = rest.next_if(|(start, _)| start.follows) {
            chain.push(next);
        }
        Some(chain)
    })
}

/// One record of a unit after another.
struct Chain {
    shop: Arc<Shop>,
    beat: Arc<Beat>,
    tenure: Arc<Tenure>,
    reports: mpsc::UnboundedSender<(usize, Vec<Report>)>,
    place: usize,
}

impl Chain {
    /// As long as each record ends plainly. Dropped when the ownership ends.
    async fn run(self, starts: Starts) -> Report {
        let over = self.tenure.over.clone();
        let mut work = Box::pin(self.one_by_one(starts));
        tokio::select! {
            biased; // the end first: nothing of what has ended takes another step (rule 11)
            () = over.cancelled() => {
                // What a handler holds may panic when it is dropped: it is cut off, and nobody's fault here.
                let _ = unpanicked("the handler", move || drop(work));
                Report::Cut
            }
            ran = &mut work => Report::Ran(ran),
        }
    }

    async fn one_by_one(self, starts: Starts) -> Ran {
        let mut ran = self.nothing(starts.len());
        let (mut goes_on, mut job) = (true, None);
        for (Start { offset, attempt, .. }, item) in starts {
            let now = self.shop.clock.elapsed();
            goes_on = goes_on && self.tenure.may_begin(now);
            if !goes_on {
                ran.answers.push((offset, Verdict::Held));
                continue;
            }
            let effects = self.shop.policy(item.policy).effects;
            let job = self.turn_to(&mut job, offset, item);
            let attempt = attempt::run(job, attempt, now);
            let (verdict, waited) = self.beat.watch(&self.tenure, offset, attempt).await;
            goes_on = verdict.is_plain(effects);
            if !goes_on {
                ran.carries.push((offset, std::mem::take(&mut job.carry)));
            }
            ran.answers.push((offset, verdict));
            if waited && goes_on {
                ran = self.tell(ran);
            }
        }
        Ran { chains: 1, ..ran }
    }

    /// The job of the next record, in place of that of the last one.
    fn turn_to<'j>(
        &self,
        job: &'j mut Option<Job>,
        offset: Offset,
        item: Arc<Identified>,
    ) -> &'j mut Job {
        match job {
            Some(job) => {
                job.turn_to(offset, item);
                job
            }
            None => job.insert(Job::new((&self.shop, &self.tenure), offset, item)),
        }
    }

    /// What took time is told at once: what is finished can be committed while the next record runs.
    fn tell(&self, ran: Ran) -> Ran {
        let rest = self.nothing(0);
        // Nobody listens any more when the service ends: nobody misses it then.
        let _ = self.reports.send((self.place, vec![Report::Ran(ran)]));
        rest
    }

    fn nothing(&self, capacity: usize) -> Ran {
        let answers = Vec::with_capacity(capacity);
        Ran { tenure: self.tenure.clone(), answers, carries: Vec::new(), chains: 0 }
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

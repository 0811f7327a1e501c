//! A worker: runs chain after chain of a line.
//!
//! ```text
//!   line ─ next ─▶ worker ─▶ chain, first look ─┬─ ends: noted, next chain
//!                                               └─ waits: the lane goes on with another worker; this one ends with its chain
//! ```

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use tokio::sync::SemaphorePermit;

use crate::broker::BoxFuture;
use crate::consumer::core::{Start, Verdict};
use crate::consumer::runtime::attempt;
use crate::consumer::runtime::beat::Beat;
use crate::consumer::runtime::call::unpanicked;
use crate::consumer::runtime::job::Job;
use crate::consumer::runtime::line::{Chain, Course, Line};
use crate::consumer::runtime::report::{Counter, Ran, Report, add};
use crate::consumer::runtime::shop::Shop;
use crate::consumer::runtime::tenure::Tenure;
use crate::delivery::Identified;
use crate::message::Offset;
use crate::meter::LaneMeter;
#[cfg(feature = "testing")]
use crate::planted::planted;
use crate::policy::{Order, PolicyId};

/// What a lane waits for.
pub(super) type Running = FuturesUnordered<BoxFuture<'static, Report>>;

/// Takes chains of a line, one after another, until one has to wait. Then its lane goes on with another worker, and this
/// one ends with its chain: no future is made for a chain that ends at the first look.
#[derive(Clone)]
pub(super) struct Worker {
    pub(super) shop: Arc<Shop>,
    pub(super) beat: Arc<Beat>,
    pub(super) counter: Arc<Counter>,
    pub(super) line: Arc<Line>,
    pub(super) meter: Option<Arc<LaneMeter>>,
}

impl Worker {
    /// The first look at all chains of a line: what ended is told, what has to wait joins the running.
    pub(super) async fn begin(self, running: &mut Running, done: &mut Vec<Report>) {
        while !self.line.is_empty() {
            let mut work: BoxFuture<'static, Option<Ran>> = Box::pin(self.clone().work());
            match futures_util::poll!(&mut work) {
                Poll::Ready(None) => {}
                Poll::Ready(Some(ran)) => add(done, Report::Ran(ran)),
                Poll::Pending => {
                    let tenure = self.line.tenure.clone();
                    running.push(Box::pin(until_over(tenure, work)));
                }
            }
        }
        if let Some(ran) = self.line.told() {
            add(done, Report::Ran(ran));
        }
    }

    /// Chain after chain. Gives what is left to be told of one that had to wait.
    async fn work(self) -> Option<Ran> {
        let (mut course, mut job) = (Course::default(), None);
        let mut next = self.line.take();
        while let Some(chain) = next {
            self.one_by_one(chain, &mut job, &mut course).await;
            if course.waited {
                let Course { answers, carries, .. } = course;
                return Some(Ran { tenure: self.line.tenure.clone(), answers, carries, chains: 1 });
            }
            next = self.line.next(&mut course);
        }
        None
    }

    /// As long as each record ends plainly.
    async fn one_by_one(&self, chain: Chain, job: &mut Option<Job>, course: &mut Course) {
        let Placed { _place, waited } = self.place(&chain).await;
        course.waited = waited;
        if waited {
            course.read = None;
        }
        let mut goes_on = true;
        for (Start { offset, attempt, .. }, item) in chain.records() {
            let now = course.read.take().unwrap_or_else(|| self.shop.clock.elapsed());
            goes_on = goes_on && self.line.tenure.may_begin(now);
            if !goes_on {
                course.answers.push((offset, Verdict::Held));
                continue;
            }
            let (policy, effects) = (item.policy, self.shop.policy(item.policy).effects);
            let job = self.turn_to(job, offset, item);
            let attempt = attempt::run(job, attempt, now);
            let (verdict, waited) = self.beat.watch(&self.line.tenure, offset, attempt).await;
            course.read = self.measure(policy, &verdict, now);
            goes_on = verdict.is_plain(effects);
            if !goes_on {
                course.carries.push((offset, std::mem::take(&mut job.carry)));
            }
            course.answers.push((offset, verdict));
            course.waited |= waited;
            if waited && goes_on {
                self.tell(course);
            }
        }
    }

    /// Counts an attempt, where anybody wants to know; then the clock was read, and the next one begins at that time, of
    /// whatever chain it is: so that counting reads the clock no more often.
    fn measure(&self, policy: PolicyId, verdict: &Verdict, began: Duration) -> Option<Duration> {
        let meter = self.meter.as_ref()?;
        let now = self.shop.clock.elapsed();
        meter.wait.add(began.saturating_sub(self.line.handed));
        meter.ended(policy, verdict, now.saturating_sub(began));
        Some(now)
    }

    /// Waits for a place, unless the order itself limits what runs, or the partition is being given back: then nothing of the
    /// chain begins, and it has to come back at once.
    async fn place(&self, chain: &Chain) -> Placed<'_> {
        if self.shop.policy(chain.first.1.policy).order == Order::Partition {
            return Placed { _place: None, waited: false };
        }
        if let Ok(place) = self.shop.places.try_acquire() {
            return Placed { _place: Some(place), waited: false };
        }
        let place = tokio::select! {
            biased;
            () = self.line.tenure.holding.cancelled() => None,
            place = self.shop.places.acquire() => place.ok(),
        };
        Placed { _place: place, waited: true }
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
            None => job.insert(Job::new((&self.shop, &self.line.tenure), offset, item)),
        }
    }

    /// What took time is told at once: what is finished can be committed while the next record runs.
    fn tell(&self, course: &mut Course) {
        let answers = std::mem::take(&mut course.answers);
        let tenure = self.line.tenure.clone();
        let ran = Ran { tenure, answers, carries: Vec::new(), chains: 0 };
        // Nobody listens any more when the service ends: nobody misses it then.
        let _ = self.counter.hand_in(vec![Report::Ran(ran)]);
    }
}

/// A place among what runs side by side, as long as it is kept.
struct Placed<'s> {
    _place: Option<SemaphorePermit<'s>>,
    waited: bool,
}

/// Dropped when the ownership ends.
async fn until_over(tenure: Arc<Tenure>, mut work: BoxFuture<'static, Option<Ran>>) -> Report {
    #[cfg(feature = "testing")]
    if planted!(StepBeforeEnd) {
        return tokio::select! {
            biased;
            ran = &mut work => ran.map_or(Report::Cut, Report::Ran),
            () = tenure.over.cancelled() => Report::Cut,
        };
    }
    tokio::select! {
        biased; // the end first: nothing of what has ended takes another step (rule 11)
        () = tenure.over.cancelled() => {
            // What a handler holds may panic when it is dropped: it is cut off, and nobody's fault here.
            let _ = unpanicked("the handler", move || drop(work));
            Report::Cut
        }
        // It waited, so that there is something to be told; if not, its chain is over all the same.
        ran = &mut work => ran.map_or(Report::Cut, Report::Ran),
    }
}

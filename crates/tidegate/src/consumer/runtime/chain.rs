//! A chain: records of one unit of order, one after another, as long as each ends plainly.

use std::sync::Arc;
use std::task::Poll;

use futures_util::stream::FuturesUnordered;
use tokio::sync::SemaphorePermit;

use crate::broker::BoxFuture;
use crate::consumer::core::{Start, Verdict};
use crate::consumer::runtime::attempt;
use crate::consumer::runtime::beat::Beat;
use crate::consumer::runtime::call::unpanicked;
use crate::consumer::runtime::job::Job;
use crate::consumer::runtime::lane::Starts;
use crate::consumer::runtime::report::{Counter, Ran, Report, add};
use crate::consumer::runtime::shop::Shop;
use crate::consumer::runtime::tenure::Tenure;
use crate::delivery::Identified;
use crate::message::Offset;
use crate::policy::Order;

/// What a lane waits for.
pub(super) type Running = FuturesUnordered<BoxFuture<'static, Report>>;

/// Splits the list where a record follows nobody.
pub(super) fn chains(starts: Starts) -> impl Iterator<Item = Starts> {
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
pub(super) struct Chain {
    pub(super) shop: Arc<Shop>,
    pub(super) beat: Arc<Beat>,
    pub(super) tenure: Arc<Tenure>,
    pub(super) counter: Arc<Counter>,
}

impl Chain {
    /// Most chains end at the first look: only what has to wait is watched for the end of its ownership.
    pub(super) async fn begin(self, starts: Starts, running: &mut Running, done: &mut Vec<Report>) {
        let tenure = self.tenure.clone();
        let mut work: BoxFuture<'static, Ran> = Box::pin(self.one_by_one(starts));
        match futures_util::poll!(&mut work) {
            Poll::Ready(ran) => add(done, Report::Ran(ran)),
            Poll::Pending => running.push(Box::pin(until_over(tenure, work))),
        }
    }

    /// As long as each record ends plainly.
    async fn one_by_one(self, starts: Starts) -> Ran {
        let _place = self.place(&starts).await;
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

    /// Waits for a place, unless the order itself limits what runs, or the partition is being given back: then nothing of the
    /// chain begins, and it has to come back at once.
    async fn place(&self, starts: &Starts) -> Option<SemaphorePermit<'_>> {
        let (_, first) = starts.first()?;
        if self.shop.policy(first.policy).order == Order::Partition {
            return None;
        }
        if let Ok(place) = self.shop.places.try_acquire() {
            return Some(place);
        }
        tokio::select! {
            biased;
            () = self.tenure.holding.cancelled() => None,
            place = self.shop.places.acquire() => place.ok(),
        }
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
        let _ = self.counter.hand_in(vec![Report::Ran(ran)]);
        rest
    }

    fn nothing(&self, capacity: usize) -> Ran {
        let answers = Vec::with_capacity(capacity);
        Ran { tenure: self.tenure.clone(), answers, carries: Vec::new(), chains: 0 }
    }
}

/// Dropped when the ownership ends.
async fn until_over(tenure: Arc<Tenure>, mut work: BoxFuture<'static, Ran>) -> Report {
    tokio::select! {
        biased; // the end first: nothing of what has ended takes another step (rule 11)
        () = tenure.over.cancelled() => {
            // What a handler holds may panic when it is dropped: it is cut off, and nobody's fault here.
            let _ = unpanicked("the handler", move || drop(work));
            Report::Cut
        }
        ran = &mut work => Report::Ran(ran),
    }
}

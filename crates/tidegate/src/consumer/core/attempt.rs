//! Running attempts, and what follows from how they end (rules 18-21).

use std::time::Duration;

use crate::class::{Cause, Class, Failure};
use crate::consumer::core::cx::Cx;
use crate::consumer::core::metadata::RetryState;
use crate::consumer::core::partition::Partition;
use crate::consumer::core::pauses::Reason;
use crate::consumer::core::work::State;
use crate::consumer::core::{Attempt, Command, End, Verdict};
use crate::events::RuntimeEvent;
use crate::message::{Offset, Timestamp};
use crate::policy::Order;
use crate::policy::retry::{Next, Tried};

/// So many attempts at most are told in a dead letter; the oldest are left out.
const HISTORY: usize = 20;

impl Partition {
    /// Starts an attempt; or waits, when an earlier owner has fixed a later time (rule 19).
    pub(super) fn start(&mut self, offset: Offset, cx: &mut Cx<'_>) {
        let now = cx.now.elapsed;
        let Some(work) = self.tracker.get_mut(offset) else { return };
        if let Some(due) = work.not_before.take().filter(|due| *due > now) {
            self.wait_until(offset, due, cx);
        } else {
            self.run(offset, cx);
        }
    }

    /// Runs an attempt now.
    pub(super) fn run(&mut self, offset: Offset, cx: &mut Cx<'_>) {
        let clock = self.active_clock(cx.now.elapsed);
        let Some(work) = self.tracker.get_mut(offset) else { return };
        work.began.get_or_insert(clock);
        let attempt = work.tried.attempts + 1;
        if work.order == Order::Partition {
            self.pauses.set(Reason::Retry, false);
        }
        self.tracker.set(offset, State::Running);
        cx.push(Command::Run { work: self.work(offset), attempt });
    }

    /// An attempt has ended. Nothing happens unless it was running: a late answer changes nothing (rules 10, 13).
    pub(super) fn finished(&mut self, offset: Offset, verdict: Verdict, cx: &mut Cx<'_>) {
        let state = self.tracker.get(offset).map(|work| &work.state);
        if !self.running() || !matches!(state, Some(State::Running)) {
            return;
        }
        match verdict {
            Verdict::Done { emits } => self.settle_done(offset, emits, cx),
            Verdict::Duplicate { owes } => {
                self.outage_over(offset, cx);
                self.settle_duplicate(offset, owes, cx);
            }
            Verdict::Skipped => {
                self.outage_over(offset, cx);
                self.end(offset, End::Skipped, cx);
            }
            Verdict::Failed { failure, took } => self.failed(offset, failure, took, cx),
            Verdict::Fenced => self.fenced(cx),
        }
    }

    fn failed(&mut self, offset: Offset, failure: Failure, took: Duration, cx: &mut Cx<'_>) {
        match class_of(&failure) {
            Class::Outage(dependency) => {
                self.outage_at(offset, dependency, failure.message, cx);
            }
            Class::Fatal => {
                let (id, why) = (&self.id, &failure.message);
                cx.fail(format!(
                    "{id} offset {offset}: a handler said that going on would do harm: {why}"
                ));
            }
            class => {
                self.outage_over(offset, cx);
                self.count_attempt(offset, &failure, took, cx);
                self.retry_or_die(offset, class, failure, cx);
            }
        }
    }

    fn count_attempt(&mut self, offset: Offset, failure: &Failure, took: Duration, cx: &Cx<'_>) {
        let Some(work) = self.tracker.get_mut(offset) else { return };
        work.tried.attempts += 1;
        work.tried.unknown += u32::from(unknown(failure.cause));
        if work.history.len() == HISTORY {
            work.history.remove(0);
        }
        work.history.push(Attempt {
            number: work.tried.attempts,
            at: cx.now.wall,
            took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            class: failure.class.as_str().to_owned(),
            cause: failure.cause,
            error: failure.message.clone(),
        });
    }

    fn retry_or_die(&mut self, offset: Offset, class: Class, failure: Failure, cx: &mut Cx<'_>) {
        let clock = self.active_clock(cx.now.elapsed);
        let Some(work) = self.tracker.get_mut(offset) else { return };
        let here = clock.saturating_sub(work.began.unwrap_or(clock));
        let tried = Tried { active: work.tried.active + here, ..work.tried };
        match cx.route(work.policy).retry.next(class, tried, cx.draw()) {
            Next::After(delay) => self.retry(offset, tried, delay, failure, cx),
            Next::Dead => {
                let history = std::mem::take(&mut work.history);
                self.settle_dead(offset, failure, tried.attempts, history, cx);
            }
        }
    }

    /// The due time is fixed here, and goes into the commit metadata at once: a crash costs no count (rules 19, 20).
    fn retry(
        &mut self,
        offset: Offset,
        tried: Tried,
        delay: Duration,
        failure: Failure,
        cx: &mut Cx<'_>,
    ) {
        let Tried { attempts, unknown, active } = tried;
        let delay_ms = u64::try_from(delay.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        let due = cx.now.wall.0.saturating_add_unsigned(delay_ms);
        let (due, whole) = (Timestamp(due), Duration::from_millis(delay_ms));
        let state = RetryState { offset, attempts, unknown, due, delay: whole, active };
        self.tracker.set_retry(state);
        self.progress.metadata_changed(true);
        let partition = self.id.clone();
        cx.tell(RuntimeEvent::Retrying { partition, offset, attempt: attempts, failure, delay });
        self.wait_until(offset, cx.after(delay), cx);
    }

    /// The record holds the watermark while it waits. A long wait under `Order::Partition` also stops delivery.
    fn wait_until(&mut self, offset: Offset, due: Duration, cx: &Cx<'_>) {
        let Some(work) = self.tracker.get(offset) else { return };
        let late = work.tried.attempts > cx.route(work.policy).retry.in_place;
        let long = due.saturating_sub(cx.now.elapsed) > cx.config.pause_over;
        if work.order == Order::Partition && late && long {
            self.pauses.set(Reason::Retry, true);
        }
        self.tracker.set(offset, State::Waiting);
        self.tracker.wake_at(due, offset);
    }
}

/// A panic or a timeout is transient, whatever class it carries: nobody could ask the handler (rule 18).
fn class_of(failure: &Failure) -> Class {
    match failure.cause {
        Cause::Panic | Cause::Timeout => Class::Transient.after(least_delay(failure.class)),
        Cause::Error => failure.class,
    }
}

fn least_delay(class: Class) -> Duration {
    match class {
        Class::TransientAfter(least) => least,
        _ => Duration::ZERO,
    }
}

fn unknown(cause: Cause) -> bool {
    matches!(cause, Cause::Panic | Cause::Timeout)
}

//! Running attempts, and what follows from how they end (rules 18-21).

use std::time::Duration;

use crate::class::{Cause, Class, Failure};
use crate::consumer::core::cx::Cx;
use crate::consumer::core::metadata::RetryState;
use crate::consumer::core::partition::Partition;
use crate::consumer::core::pauses::Reason;
use crate::consumer::core::work::{State, Unit};
use crate::consumer::core::{Attempt, Start, Verdict};
use crate::events::RuntimeEvent;
use crate::message::{Offset, Timestamp};
use crate::planted::planted;
use crate::policy::retry::{Next, Tried};
use crate::policy::{Effects, PolicyId};

/// So many attempts at most are told in a dead letter; the oldest are left out.
const HISTORY: usize = 20;

impl Partition {
    /// Starts an attempt; or waits, when an earlier owner has fixed a later time (rule 19).
    pub(super) fn start(&mut self, offset: Offset, cx: &mut Cx<'_>) {
        if self.belongs_to_schedule(offset, cx) {
            return;
        }
        let now = cx.now.elapsed;
        let Some(work) = self.tracker.get_mut(offset) else { return };
        let fixed = work.past.as_mut().and_then(|past| past.not_before.take());
        if let Some(due) = fixed.filter(|due| *due > now) {
            self.wait_until(offset, due, cx);
        } else {
            self.run(offset, cx);
        }
    }

    /// Runs an attempt now; and behind it, without another word, those that wait for nobody else.
    pub(super) fn run(&mut self, offset: Offset, cx: &Cx<'_>) {
        let Some(work) = self.tracker.get(offset) else { return };
        let (attempt, plain, unit) = (work.attempts() + 1, is_plain(work.policy, cx), work.unit);
        if unit == Unit::Partition {
            self.pauses.set(Reason::Retry, false);
        }
        self.tracker.run(offset, if plain { 1 } else { cx.config.ahead });
        self.starts.push(Start { offset, attempt, follows: false });
        if plain && self.outage.is_none() {
            let limit = cx.config.chain.saturating_sub(1);
            let index = &self.schedule.index;
            let first = self.first_in_schedule(unit);
            // A follower that waits in the schedule, or for one that does, is not to run with the others.
            let waits = |next| index.is_unreleased(next) || first.is_some_and(|first| first < next);
            let scheduled = |next| waits(next) && !planted!(ChainRunsScheduled);
            let fits = |next, policy| is_plain(policy, cx) && !scheduled(next);
            let chain = self.tracker.chain(offset, limit, fits);
            let follow = |offset| Start { offset, attempt: 1, follows: true };
            self.starts.extend(chain.into_iter().map(follow));
        }
    }

    /// The first record in the schedule that others of this unit wait for. It may stand between those in the line, and not in it: one that
    /// holds its key, or whose source record is gone.
    fn first_in_schedule(&self, unit: Unit) -> Option<Offset> {
        match unit {
            Unit::Key(key) => self.schedule.index.first_of(key),
            // Who waits for all keys looks at each of them by itself.
            Unit::Partition if !self.schedule.index.is_empty() => Some(Offset(0)),
            Unit::Partition | Unit::Free => None,
        }
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
            Verdict::Skipped => self.settle_skipped(offset, false, cx),
            Verdict::Dead => self.settle_skipped(offset, true, cx),
            Verdict::Failed { failure, took } => self.failed(offset, *failure, took, cx),
            Verdict::Fenced => self.fenced(cx),
            Verdict::Held => {} // given back by `ran`
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
        let clock = self.active_clock(cx.now.elapsed);
        let Some(work) = self.tracker.get_mut(offset) else { return };
        let past = work.past_mut();
        past.began.get_or_insert(clock.saturating_sub(took));
        past.tried.attempts += 1;
        past.tried.unknown += u32::from(unknown(failure.cause));
        if past.history.len() == HISTORY {
            past.history.remove(0);
        }
        past.history.push(Attempt {
            number: past.tried.attempts,
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
        let policy = work.policy;
        let past = work.past_mut();
        let here = clock.saturating_sub(past.began.unwrap_or(clock));
        let tried = Tried { active: past.tried.active + here, ..past.tried };
        match cx.route(policy).retry.next(class, tried, cx.draw()) {
            Next::After(delay) => self.retry(offset, tried, delay, failure, cx),
            Next::Dead => {
                let history = std::mem::take(&mut past.history);
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
        if self.postpones(offset, whole, cx) {
            return self.postpone(offset, tried, (due, whole), failure, cx);
        }
        let state = RetryState { offset, attempts, unknown, due, delay: whole, active };
        self.tracker.set_retry(state);
        self.progress.metadata_changed(true);
        let partition = self.id.clone();
        self.tell(
            RuntimeEvent::Retrying { partition, offset, attempt: attempts, failure, delay },
            cx,
        );
        self.wait_until(offset, cx.after(delay), cx);
    }

    /// The record holds the watermark while it waits. A long wait under `Order::Partition` also stops delivery.
    fn wait_until(&mut self, offset: Offset, due: Duration, cx: &Cx<'_>) {
        let Some(work) = self.tracker.get(offset) else { return };
        let late = work.attempts() > cx.route(work.policy).retry.in_place;
        let long = due.saturating_sub(cx.now.elapsed) > cx.config.pause_over;
        if work.unit == Unit::Partition && late && long {
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

/// Whether a record of this route can be finished by its attempt alone.
fn is_plain(policy: PolicyId, cx: &Cx<'_>) -> bool {
    cx.route(policy).effects == Effects::AtLeastOnce
}

fn unknown(cause: Cause) -> bool {
    matches!(cause, Cause::Panic | Cause::Timeout)
}

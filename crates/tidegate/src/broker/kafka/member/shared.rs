//! The state, and the bells that wake whoever waits for it to change.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::state::State;
use crate::broker::sync::lock;
use crate::broker::{BrokerError, GroupEvent, RevokeTicket, Subscription};

/// How often a wait looks whether something else has ended it (rule 11).
const LOOK: Duration = Duration::from_millis(100);

/// What the handle and the threads of one member share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Something for the member.
    news: Notify,
    /// A revoke was answered.
    answered: Condvar,
    /// The member was put out for its silence, and does not know.
    expired: AtomicBool,
    /// Something for the poll thread.
    pub(super) bell: Arc<Bell>,
}

impl Shared {
    pub(super) fn new(how: &Subscription) -> Self {
        Self {
            state: Mutex::new(State::new(how)),
            news: Notify::new(),
            answered: Condvar::new(),
            expired: AtomicBool::new(false),
            bell: Arc::default(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Changes the state, and wakes the member.
    pub(super) fn tell<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.news.notify_one();
        result
    }

    /// Changes the state, and wakes the poll thread.
    pub(super) fn ask<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.bell.ring();
        result
    }

    /// The next event; waits for it. Nothing is lost when this is dropped.
    pub(super) async fn next(&self) -> GroupEvent {
        let _polling = Polling::begin(self);
        loop {
            if self.expired.swap(false, Ordering::AcqRel) {
                return GroupEvent::PollExceeded;
            }
            let (event, busy) = {
                let mut state = self.state();
                (state.next(), state.busy)
            };
            if busy {
                self.bell.ring();
            }
            match event {
                Some(event) => return event,
                None => self.news.notified().await,
            }
        }
    }

    pub(super) fn answer(&self, ticket: RevokeTicket) {
        self.state().answer(ticket);
        self.answered.notify_all();
    }

    /// Waits for the answer to a revoke; `false` when it did not come before the deadline, or `over` said so.
    pub(super) fn wait_for_answer(
        &self,
        ticket: RevokeTicket,
        deadline: Instant,
        over: impl Fn() -> bool,
    ) -> bool {
        let mut state = self.state();
        loop {
            if state.is_answered(ticket) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || state.closing || over() {
                return false;
            }
            let waited = self.answered.wait_timeout(state, left.min(LOOK));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The client put the member out: it was not polled in time (rule 15).
    pub(super) fn expire(&self) {
        self.expired.store(true, Ordering::Release);
        self.news.notify_one();
    }

    /// The membership cannot go on.
    pub(super) fn fail(&self, error: BrokerError) {
        self.tell(|state| state.fail(error));
        self.answered.notify_all();
        self.bell.ring();
    }

    /// The member leaves.
    pub(super) fn close(&self) {
        self.ask(|state| state.closing = true);
        self.answered.notify_all();
    }
}

/// While it lives the member counts as polling.
struct Polling<'a>(&'a Shared);

impl<'a> Polling<'a> {
    /// The poll thread is rung for when it may have stopped because nobody asked: else every question would wake it.
    fn begin(shared: &'a Shared) -> Self {
        let silence = shared.state().set_polling(true);
        if silence > LOOK {
            shared.bell.ring();
        }
        Self(shared)
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.0.state().set_polling(false);
    }
}

/// Wakes one thread; a ring before the wait is not lost.
#[derive(Debug, Default)]
pub(super) struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    pub(super) fn ring(&self) {
        *lock(&self.rung) = true;
        self.changed.notify_one();
    }

    /// Waits for a ring, at most so long.
    pub(super) fn wait(&self, at_most: Duration) {
        let quiet = |rung: &mut bool| !*rung;
        let waited = self.changed.wait_timeout_while(lock(&self.rung), at_most, quiet);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}

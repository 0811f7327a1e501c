//! What a handler does outside of its world is refused by name: there a crash, a stop and the time mean nothing.
//!
//! ```text
//!   woken from another thread          real I/O, a blocking task, a runtime of its own
//!   tokio says that there is no I/O    a socket on the world's own runtime
//!   cut off at its timeout, alone      it waits for something that never comes in this world
//! ```

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::ThreadId;

use super::quiet;
use super::world::{Life, lock};
use crate::class::{Cause, Failure};
use crate::message::{Offset, TopicPartition};

/// What a world says instead of an invariant, when somebody's own check does not hold.
pub(super) const CHECKED: &str = "your check";

/// What a world says of a handler instead of an invariant.
pub(super) const REFUSED: &str = "refused";

const OUTSIDE: &str = "give the handler a double of what it calls (a `blocking` handler cannot be simulated: test what it calls)";
const ENDLESS: &str = "give the handler a double of what it waits for, or a longer `.timeout(..)`";

/// Passes wakes on, and notes those that come from outside.
struct Spy {
    to: Mutex<Waker>,
    home: ThreadId,
    life: Life,
    handler: Arc<str>,
}

impl Wake for Spy {
    fn wake(self: Arc<Self>) {
        if std::thread::current().id() != self.home {
            refuse(&self.life, &self.handler, "was woken by another thread", OUTSIDE);
        }
        lock(&self.to).wake_by_ref();
    }
}

/// Runs a handler; one of somebody else's is looked after.
pub(super) async fn watched<F: Future>(life: &Life, handler: &Arc<str>, call: F) -> F::Output {
    if !life.world().strangers {
        return call.await;
    }
    let home = std::thread::current().id();
    let spy = Spy {
        to: Mutex::new(Waker::noop().clone()),
        home,
        life: life.clone(),
        handler: handler.clone(),
    };
    let (spy, mut call) = (Arc::new(spy), pin!(call));
    let waker = Waker::from(spy.clone());
    std::future::poll_fn(move |cx| {
        lock(&spy.to).clone_from(cx.waker());
        let pulse = &spy.life.world().pulse;
        pulse.has(&spy.handler);
        let poll = || call.as_mut().poll(&mut Context::from_waker(&waker));
        let polled: Result<Poll<F::Output>, _> = catch_unwind(AssertUnwindSafe(poll));
        pulse.free();
        // Here, as its text goes no further (I8).
        polled.unwrap_or_else(|panic| {
            if quiet::asked_for_io(panic.as_ref()) {
                refuse(&spy.life, &spy.handler, "opens a socket or a file", OUTSIDE);
            }
            resume_unwind(panic)
        })
    })
    .await
}

/// An attempt that ran out of time: by the handler's own doing?
pub(super) fn refuse_cut_off(life: &Life, at: &TopicPartition, offset: Offset, why: &Failure) {
    if !life.world().strangers {
        return;
    }
    let mut truth = lock(&life.world().truth);
    let cut = truth.hands(life.process()).cut.remove(&(at.clone(), offset));
    drop(truth);
    let Some(cut) = cut else { return };
    if let (Cause::Timeout, Some(alone)) = (why.cause, cut.alone) {
        let what = format!("did not end within {alone:?} of this world's time");
        refuse(life, &cut.handler, &what, ENDLESS);
    }
}

fn refuse(life: &Life, handler: &str, what: &str, remedy: &str) {
    let what = format!(
        "handler `{handler}` {what}. In a simulated world nothing is real but tokio's timers and channels: {remedy}"
    );
    let mut truth = lock(&life.world().truth);
    if truth.violations.iter().all(|known| known.invariant != REFUSED) {
        truth.violated(REFUSED, what);
    }
}

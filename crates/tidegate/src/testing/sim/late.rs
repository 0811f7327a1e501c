//! What is on its way to the log: it arrives at its time, whatever has become of its sender.
//!
//! Nothing runs in the background: whoever calls the log, or waits at it, lets arrive what is due.

use std::collections::BTreeMap;
use std::fmt;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Inner;
use super::faults::{Call, Process};
use crate::broker::sync::lock;

type Act = Box<dyn FnOnce(&Inner) + Send>;

/// Everything that is on its way, by the time of its arrival; what was sent first comes first.
#[derive(Default)]
pub(super) struct OnTheWay {
    queue: BTreeMap<(Instant, u64), (Call, Act)>,
    sent: u64,
    /// When the last publish of a process arrives: a later one does not overtake it.
    publishing: BTreeMap<Process, Instant>,
}

impl fmt::Debug for OnTheWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.queue.keys()).finish()
    }
}

impl OnTheWay {
    /// When the next of them arrives.
    pub(super) fn next(&self) -> Option<Instant> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    /// The broker is away until then: nothing arrives before. Records and commits may be lost; what a client says of its
    /// membership it says again.
    pub(super) fn held_up(&mut self, until: Instant, lost: bool) {
        let lost = |call| lost && matches!(call, Call::Publish | Call::Commit);
        let queue = std::mem::take(&mut self.queue);
        let kept = queue.into_iter().filter(|(_, (call, _))| !lost(*call));
        self.queue = kept.map(|((at, n), act)| ((at.max(until), n), act)).collect();
        self.publishing.values_mut().for_each(|last| *last = until.max(*last));
    }
}

impl Inner {
    /// Acts at its time. The result comes to whoever still waits for it.
    pub(super) fn later<T: Send + 'static>(
        &self,
        call: Call,
        at: Instant,
        act: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (done, result) = oneshot::channel();
        let mut on_the_way = lock(&self.on_the_way);
        on_the_way.sent += 1;
        let place = (at, on_the_way.sent);
        let act: Act = Box::new(move |inner| drop(done.send(act(inner))));
        on_the_way.queue.insert(place, (call, act));
        drop(on_the_way);
        self.wake_all(); // who waits has to wake for this one too
        result
    }

    /// When what this process publishes now arrives at the earliest.
    pub(super) fn publishes_after(&self, process: Process) -> Option<Instant> {
        lock(&self.on_the_way).publishing.get(&process).copied()
    }

    pub(super) fn publishes_at(&self, process: Process, at: Instant) {
        lock(&self.on_the_way).publishing.insert(process, at);
    }

    /// Lets arrive what is due, and makes room after it.
    pub(super) fn arrive(&self) {
        let now = Instant::now();
        while let Some(act) = self.due(now) {
            act(self);
        }
        self.state().keep(self.wall());
    }

    fn due(&self, now: Instant) -> Option<Act> {
        let mut on_the_way = lock(&self.on_the_way);
        let first = on_the_way.queue.first_entry()?;
        (first.key().0 <= now).then(|| first.remove().1)
    }
}

/// What has become of something on its way; `None` when it never arrived. A broker that goes holds it up.
pub(super) async fn arrived<T>(inner: &Inner, mut result: oneshot::Receiver<T>) -> Option<T> {
    loop {
        let next = lock(&inner.on_the_way).next();
        let Some(next) = next else { return result.await.ok() };
        tokio::select! {
            biased;
            result = &mut result => return result.ok(),
            () = tokio::time::sleep_until(next) => inner.arrive(),
        }
    }
}

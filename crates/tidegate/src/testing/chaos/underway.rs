//! An attempt while it runs: from its beginning to its end, or until it is cut off; and whether anything goes on after that.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::checks;
use super::judged::Begun;
use super::truth::{Cut, Running, Truth};
use super::world::{Life, lock};
use crate::clock::Clock;
use crate::delivery::{Ours, Ownership};
use crate::message::{Offset, TopicPartition};

/// An attempt that runs. Dropped before its end, it was cut off.
pub(super) struct Underway {
    life: Life,
    place: (TopicPartition, Offset),
    ended: bool,
    over: Arc<AtomicBool>,
}

impl Underway {
    /// It begins, as the truth knows it from now on.
    pub(super) fn begin(life: &Life, truth: &mut Truth, begun: &Begun<'_>, held_up: bool) -> Self {
        let place = (begun.at.clone(), begun.offset);
        let over = Arc::new(AtomicBool::new(false));
        let running = Running {
            handler: begun.handler.to_owned(),
            since: Instant::now(),
            held_up,
            over: over.clone(),
        };
        truth.hands(life.process()).running.insert(place.clone(), running);
        Self { life: life.clone(), place, ended: false, over }
    }

    /// From here on nothing but the handler takes time.
    pub(super) fn alone(&self) {
        let mut truth = lock(&self.life.world().truth);
        if let Some(running) = truth.hands(self.life.process()).running.get_mut(&self.place) {
            running.since = Instant::now();
        }
    }

    /// Looks at each step of a call whether its attempt goes on.
    pub(super) async fn step_by_step<F: Future>(&self, call: F) -> F::Output {
        let mut call = pin!(call);
        std::future::poll_fn(|cx| {
            self.goes_on();
            call.as_mut().poll(cx)
        })
        .await
    }

    /// Something happens for the attempt. What a dead process does has no effect, and says nothing.
    pub(super) fn goes_on(&self) {
        goes_on(&self.life, &self.place, &self.over);
    }

    /// The same for a call that it shares with other records.
    pub(super) fn shared(&self, ours: Ours) -> Ours {
        let (life, place, over) = (self.life.clone(), self.place.clone(), self.over.clone());
        let shared = |ours| Arc::new(Shared { life, place, over, ours }) as Arc<dyn Ownership>;
        Ours(ours.0.map(shared))
    }

    /// The handler has answered; what follows is the world's.
    pub(super) fn answered(&self) {
        let mut truth = lock(&self.life.world().truth);
        if let Some(running) = truth.hands(self.life.process()).running.get_mut(&self.place) {
            running.held_up = true;
        }
    }

    pub(super) fn ended(mut self) {
        self.ended = true;
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let mut truth = lock(&self.life.world().truth);
        let hands = truth.hands(self.life.process());
        let Some(running) = hands.running.remove(&self.place) else { return };
        if !self.ended {
            self.over.store(true, Ordering::Relaxed);
            let alone = (!running.held_up).then(|| running.since.elapsed());
            hands.cut.insert(self.place.clone(), Cut { handler: running.handler, alone });
        }
    }
}

impl Life {
    /// Looks at each step of a dead letter's handler whether the partition is still its process's, and whether its time is over.
    pub(super) async fn while_owned<F: Future>(
        &self,
        at: &TopicPartition,
        offset: Offset,
        limit: Duration,
        call: F,
    ) -> F::Output {
        let (mut call, began) = (pin!(call), Instant::now());
        std::future::poll_fn(|cx| {
            let mut truth = lock(&self.world().truth);
            // A process that was stopped meanwhile measures its time from when it goes on.
            let late = began.elapsed() > limit && !truth.disturbed.contains(&self.process());
            let over = late || !truth.hands(self.process()).is_open(at);
            if over && !self.is_dead() && self.world().checks("dead handler") {
                checks::rule_13_a_dead_handler_ends_with_its_call(
                    &mut truth,
                    self.process(),
                    at,
                    offset,
                );
            }
            drop(truth);
            call.as_mut().poll(cx)
        })
        .await
    }
}

/// A record in a call that it shares with others: whoever of them drives the call, the call ends with each of them.
#[derive(Debug)]
struct Shared {
    life: Life,
    place: (TopicPartition, Offset),
    over: Arc<AtomicBool>,
    ours: Arc<dyn Ownership>,
}

impl Ownership for Shared {
    fn holds(&self) -> bool {
        self.ours.holds()
    }

    fn clock(&self) -> &Clock {
        self.ours.clock()
    }

    fn goes_on(&self) {
        goes_on(&self.life, &self.place, &self.over);
    }
}

fn goes_on(life: &Life, (at, offset): &(TopicPartition, Offset), over: &AtomicBool) {
    if over.load(Ordering::Relaxed) && !life.is_dead() && life.world().checks("rule 13") {
        let mut truth = lock(&life.world().truth);
        checks::rule_13_a_call_ends_with_its_attempt(&mut truth, life.process(), at, *offset);
    }
}

//! An attempt while it runs: from its beginning to its end, or until it is cut off; and whether anything goes on after that.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::Instant;

use super::checks;
use super::judged::Begun;
use super::truth::{Cut, Running, Truth};
use super::world::{Life, lock};
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
        let (life, (at, offset)) = (&self.life, &self.place);
        let over = self.over.load(Ordering::Relaxed) && !life.is_dead();
        if over && life.world().checks("rule 13") {
            let mut truth = lock(&life.world().truth);
            checks::rule_13_a_call_ends_with_its_attempt(&mut truth, life.process(), at, *offset);
        }
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
            let alone = (!running.held_up).then(|| running.since.elapsed());
            hands.cut.insert(self.place.clone(), Cut { handler: running.handler, alone });
        }
    }
}

impl Life {
    /// Looks at each step of a dead letter's handler whether the partition is still its process's.
    pub(super) async fn while_owned<F: Future>(
        &self,
        at: &TopicPartition,
        offset: Offset,
        call: F,
    ) -> F::Output {
        let mut call = pin!(call);
        std::future::poll_fn(|cx| {
            let mut truth = lock(&self.world().truth);
            let over = !truth.hands(self.process()).is_open(at) && !self.is_dead();
            if over && self.world().checks("rule 13") {
                checks::rule_13_a_call_ends_with_its_attempt(
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

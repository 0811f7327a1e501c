//! One life of a process: what it may do, and what goes wrong for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Life, ROUND_TRIP, World, lock};
use crate::clock::simulated::SimClock;
use crate::inbox::{Claim, Marker};
use crate::message::{Offset, TopicPartition};
use crate::testing::chaos::checks;
use crate::testing::chaos::moment::Moment;
use crate::testing::sim::{Injection, Process};

impl Life {
    pub(in crate::testing::chaos) fn process(&self) -> Process {
        self.0.process
    }

    pub(in crate::testing::chaos) fn world(&self) -> &Arc<World> {
        &self.0.world
    }

    pub(in crate::testing::chaos) fn clock(&self) -> &SimClock {
        &self.0.clock
    }

    pub(in crate::testing::chaos) fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }

    pub(in crate::testing::chaos) fn is_dead(&self) -> bool {
        self.0.dead.load(Ordering::Acquire)
    }

    pub(super) fn disturb(&self) {
        let mut truth = lock(&self.0.world.truth);
        truth.disturbed.insert(self.0.process);
        truth.excuse(self.0.process, None);
    }

    pub(super) fn die(&self) {
        self.disturb();
        self.0.dead.store(true, Ordering::Release);
        self.0.world.log.silence(self.0.process);
        self.0.died.notify_one();
    }

    pub(super) fn freeze(&self) {
        self.disturb();
        self.0.clock.gate().shut();
        self.0.world.log.silence(self.0.process);
    }

    pub(super) fn has_just_thawed(&self) -> bool {
        lock(&self.0.thawed).is_some_and(|at| at.elapsed() < ROUND_TRIP)
    }

    pub(in crate::testing::chaos) fn thaw(&self) {
        *lock(&self.0.thawed) = Some(Instant::now());
        self.0.world.log.resume(self.0.process);
        self.0.clock.gate().open();
    }

    /// Resolves when the process was killed.
    pub(in crate::testing::chaos) async fn died(&self) {
        self.0.died.notified().await;
    }

    /// Goes on for ever when the process is dead: nothing that it does has an effect any more.
    pub(in crate::testing::chaos) async fn alive(&self) {
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    /// What goes wrong at a moment of this life. `call`: something is asked, which can be refused or lose its answer.
    pub(super) fn hit(&self, moment: Moment, call: bool) -> Injection {
        let world = &self.0.world;
        let (fault, away) = lock(&world.planner).at(moment, call);
        match fault {
            Some(fault) => world.strike(self, fault),
            None if away && moment == Moment::Fetched => {
                Injection::Late(Duration::from_millis(200)) // nothing comes from a broker that is away
            }
            None if away && call => Injection::Refuse,
            None => Injection::Nothing,
        }
    }

    /// A step of the process that is no call: waits, or never goes on.
    pub(in crate::testing::chaos) async fn step(&self, moment: Moment) {
        self.alive().await;
        let injection = self.hit(moment, false);
        self.answer(injection).await;
    }

    /// A call of the process to something that is not the log.
    pub(in crate::testing::chaos) async fn call(&self, moment: Moment) -> Injection {
        self.alive().await;
        let injection = self.hit(moment, true);
        if injection == Injection::Crash {
            std::future::pending::<()>().await;
        }
        injection
    }

    pub(in crate::testing::chaos) async fn answer(&self, injection: Injection) {
        match injection {
            Injection::Late(delay)
            | Injection::ActsLate(delay)
            | Injection::LoseRequest(delay)
            | Injection::LoseReply(delay) => tokio::time::sleep(delay).await,
            Injection::Crash | Injection::CrashAfter => std::future::pending().await,
            Injection::Nothing | Injection::Refuse | Injection::RefuseCommit(_) => {}
        }
        self.alive().await;
    }

    /// The store has committed a marker.
    pub(in crate::testing::chaos) fn marked(&self, claim: &Claim, marker: &Marker) {
        let mut truth = lock(&self.0.world.truth);
        let Some((at, offset)) = truth.ids.get(claim.event_id.as_str()).cloned() else { return };
        truth.learn(&at, offset, |fact| match marker {
            Marker::Done => fact.marked = true,
            Marker::Dead { .. } => fact.marked_dead = true,
        });
        drop(truth);
        self.0.world.note(|| format!("{:?}: {marker:?} for {at} offset {offset}", self.0.process));
    }

    /// An attempt begins.
    pub(in crate::testing::chaos) fn begins(&self, at: &TopicPartition, offset: Offset) {
        let world = &self.0.world;
        world.note(|| format!("{:?}: began {at} offset {offset}", self.0.process));
        let mut truth = lock(&world.truth);
        if world.checks("I3") {
            checks::i3_order_is_kept(&mut truth, self.0.process, at, offset);
        }
        if world.checks("rule 8") {
            checks::rule_8_what_is_covered_is_not_repeated(&mut truth, self.0.process, at, offset);
        }
        let stopped = self.0.clock.gate().is_shut();
        truth.learn(at, offset, |fact| {
            fact.begun.insert(self.0.process);
            fact.excused |= stopped;
        });
    }

    /// A handler without a store has ended well.
    pub(in crate::testing::chaos) fn does(&self, at: &TopicPartition, offset: Offset) {
        let mut truth = lock(&self.0.world.truth);
        if self.0.world.checks("I4") {
            checks::i4_repeats_only_what_was_cut_off(&mut truth, self.0.process, at, offset);
        }
        truth.learn(at, offset, |fact| fact.effects += 1);
    }

    /// A partition was given back or lost.
    pub(in crate::testing::chaos) fn gave_back(&self, at: &TopicPartition, lost: bool) {
        let world = &self.0.world;
        // Where calls fail or hang, a drain may come to its deadline.
        let smooth = lock(&world.planner).is_smooth();
        let mut truth = lock(&world.truth);
        let orderly = !lost && smooth && !truth.disturbed.contains(&self.0.process);
        if orderly && world.checks("rule 11") {
            checks::rule_11_a_drain_commits_what_is_done(&mut truth, self.0.process, at);
        }
        truth.excuse(self.0.process, Some(at));
    }
}

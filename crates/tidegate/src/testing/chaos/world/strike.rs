//! Carries faults out.

use std::time::Duration;

use tokio::time::Instant;

use super::{Life, Order, World, lock};
use crate::companion::entry::Scribe;
use crate::message::Offset;
use crate::testing::chaos::moment::{Kind, Moment};
use crate::testing::chaos::plan::Planned;
use crate::testing::chaos::run::GROUP;
use crate::testing::sim::Injection;

/// So many records are published besides when a topic has grown, or a process is heard of again.
const MORE: u32 = 30;

/// An hour, in milliseconds.
const HOUR: i64 = 3_600_000;

impl World {
    /// As far as it is not for the caller.
    pub(super) fn strike(&self, life: &Life, fault: Planned) -> Injection {
        let Planned { kind, moment, lasts, nth } = fault;
        self.note(|| format!("{:?}: {kind} at moment {moment}, for {lasts:?}", life.process()));
        let even = nth.is_multiple_of(2);
        if matches!(kind, Kind::Crash | Kind::Restart | Kind::Rebalance) {
            lock(&self.truth).count_parked();
        }
        match kind {
            Kind::Crash => {
                life.die();
                if even { Injection::CrashAfter } else { Injection::Crash }
            }
            Kind::Zombie => {
                life.freeze();
                let _ = self.orders.send(Order::Thaw(life.process(), lasts));
                Injection::Nothing
            }
            Kind::CutOff => self.cut_off(life, &fault),
            Kind::Restart => {
                life.stop().cancel();
                Injection::Nothing
            }
            Kind::Rebalance => {
                let _ = self.orders.send(Order::Guest(lasts));
                Injection::Nothing
            }
            Kind::BrokerAway | Kind::CoordinatorMoves | Kind::StoreAway => {
                lock(&self.planner).away(kind, Instant::now() + lasts);
                self.asked_for(kind, moment)
            }
            // A transaction may wait for a lock before it commits.
            Kind::Slow if even && matches!(moment, Moment::Effect | Moment::DeadMark) => {
                Injection::ActsLate(lasts)
            }
            Kind::Slow => Injection::Late(lasts),
            Kind::Refused => Injection::Refuse,
            Kind::ReplyLost => Injection::LoseReply(lasts),
            Kind::ClockJump => {
                life.clock().set_back(if even { HOUR } else { -HOUR });
                Injection::Nothing
            }
            Kind::Grow => {
                self.grow(&fault);
                Injection::Nothing
            }
            Kind::Retention => {
                self.delete(&fault);
                Injection::Nothing
            }
        }
    }

    /// What was asked in that moment has acted, or acts late; its answer finds the process when it has joined again.
    fn cut_off(&self, life: &Life, fault: &Planned) -> Injection {
        life.cut_off(fault.lasts);
        let _ = self.orders.send(Order::Reconnect(life.process(), fault.lasts, MORE));
        match fault.moment {
            Moment::Marked => Injection::Late(fault.lasts + lock(&self.rng).millis(0, 5_000)),
            Moment::Fetched => Injection::Late(fault.lasts),
            // Its client sends on when it is connected again, whoever owns the partition by then.
            Moment::Enqueued if fault.nth.is_multiple_of(2) => Injection::ActsLate(fault.lasts),
            Moment::Enqueued | Moment::Owed | Moment::DeadLetter | Moment::Revoke => {
                Injection::LoseReply(fault.lasts)
            }
            _ => Injection::Nothing,
        }
    }

    /// Deletes of one partition what is committed, and in other worlds half of what is not, or all of it.
    fn delete(&self, fault: &Planned) {
        let read: Vec<_> = lock(&self.truth).books.keys().cloned().collect();
        let bounds = |at| self.log.bounds(&at).map(|bounds| (at, bounds));
        let mut held: Vec<_> = read.into_iter().filter_map(bounds).collect();
        held.retain(|(_, bounds)| bounds.end > bounds.start);
        let turn = fault.nth as usize % held.len().max(1);
        let Some((at, bounds)) = held.into_iter().nth(turn) else { return };
        let committed = self.log.committed(GROUP, &at).map(|committed| committed.offset);
        let from = committed.unwrap_or(bounds.start);
        let below = match fault.lasts.subsec_millis() % 3 {
            0 if from > bounds.start => from,
            1 => Offset(u64::midpoint(from.0, bounds.end.0)),
            _ => bounds.end,
        };
        self.note(|| format!("{at} is deleted below {below}; {from} is committed"));
        self.log.delete(&at, below);
        lock(&self.truth).deleted(&at, below, committed.is_some());
    }

    /// One of the topics grows; what is published from now on goes there too.
    fn grow(&self, fault: &Planned) {
        let (sources, turn) = (&self.topics.sources, fault.nth as usize);
        if let Some(topic) = sources.iter().nth(turn % sources.len().max(1)) {
            self.log.grow(topic, fault.growth(), fault.lasts);
            let of = |(_, scribe): &(_, &Scribe)| scribe.source == *topic;
            if let Some((companion, _)) = self.topics.companions.iter().find(of) {
                self.log.grow(companion, fault.growth(), fault.lasts);
            }
            let _ = self.orders.send(Order::Publish(MORE));
        }
    }

    /// Whether the call at this moment is one to what has just gone.
    fn asked_for(&self, kind: Kind, moment: Moment) -> Injection {
        let store = matches!(moment, Moment::Effect | Moment::DeadMark);
        if store == (kind == Kind::StoreAway) { Injection::Refuse } else { Injection::Nothing }
    }
}

impl Life {
    /// What goes wrong at a moment of this life. `call`: something is asked, which can be refused or lose its answer.
    pub(super) fn hit(&self, moment: Moment, call: bool) -> Injection {
        let world = self.world();
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
}

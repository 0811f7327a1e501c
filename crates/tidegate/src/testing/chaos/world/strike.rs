//! Carries faults out.

use std::time::Duration;

use tokio::time::Instant;

use super::{Life, Order, World, lock};
use crate::testing::chaos::moment::{Kind, Moment};
use crate::testing::chaos::plan::Planned;
use crate::testing::sim::Injection;

/// So many records are published besides when a topic has grown.
const MORE: u32 = 30;

/// An hour, in milliseconds.
const HOUR: i64 = 3_600_000;

impl World {
    /// As far as it is not for the caller.
    pub(super) fn strike(&self, life: &Life, fault: Planned) -> Injection {
        let Planned { kind, moment, lasts, nth } = fault;
        self.note(|| format!("{:?}: {kind} at moment {moment}, for {lasts:?}", life.process()));
        let even = nth.is_multiple_of(2);
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
        }
    }

    /// One of the topics grows; what is published from now on goes there too.
    fn grow(&self, fault: &Planned) {
        let (sources, turn) = (&self.topics.sources, fault.nth as usize);
        if let Some(topic) = sources.iter().nth(turn % sources.len().max(1)) {
            self.log.grow(topic, fault.growth(), fault.lasts);
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

//! All is healed: it must end by itself, and well.

use std::time::Duration;

use tokio::time::Instant;

use super::Running;
use crate::testing::chaos::checks;
use crate::testing::chaos::outside::CHECKED;
use crate::testing::chaos::own::Outcome;
use crate::testing::chaos::world::{Order, World, lock};

impl Running<'_> {
    /// I7: after everything is healed it all ends, in time.
    pub(super) async fn finish(&mut self) {
        self.thaws.iter_mut().for_each(|(at, _)| *at = Instant::now());
        let within = self.get_through().await;
        if self.world.violated() {
            return;
        }
        if self.world.checks("I7") {
            let through = self.world.is_through();
            checks::i7_it_ends_in_time(&mut lock(&self.world.truth), through, &within);
            if !through {
                return;
            }
        }
        self.stop_all().await;
    }

    /// Goes on until all is through, or it took too long: in words.
    async fn get_through(&mut self) -> String {
        let patience = self.furniture.patience;
        if !self.world.strangers {
            self.go_on(Instant::now() + patience, World::is_through).await;
            return format!("in {patience:?}");
        }
        // How long others' handlers take, nobody knows: as long as something ends, it goes on.
        loop {
            let ended = self.world.ended();
            let more = |world: &World| world.is_through() || world.ended() > ended;
            self.go_on(Instant::now() + patience, more).await;
            if self.world.is_through() || self.world.violated() || self.world.ended() == ended {
                return format!("and nothing has ended for {patience:?}");
            }
        }
    }

    /// The shutdown has its own moment; nobody takes anybody's place any more.
    async fn stop_all(&mut self) {
        self.lives.values().for_each(|life| life.stop().cancel());
        let patience = Instant::now() + Duration::from_secs(60);
        while !self.members.is_empty() && Instant::now() < patience {
            self.tend();
            self.births.clear();
            tokio::select! {
                biased;
                Some(order) = self.orders.recv() => if let Order::Thaw(..) = order { self.take(order) },
                Some(ended) = self.members.join_next() => self.ended(ended),
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
            }
        }
    }

    pub(super) fn judge(self) -> Outcome {
        let mut truth = lock(&self.world.truth);
        if truth.violations.is_empty() && self.world.checks("I5") {
            checks::i5_everything_has_ended(&mut truth);
        }
        if truth.violations.is_empty()
            && let Err(what) = (self.furniture.check)(&truth, &self.database)
        {
            truth.violated(CHECKED, what);
        }
        let violation = truth.violations.first().cloned();
        drop(truth);
        let hits = lock(&self.world.planner).hits().to_vec();
        self.world.end();
        let parked = lock(&self.world.truth).parked;
        Outcome { hits, parked, violation, trace: self.world.take_trace() }
    }
}

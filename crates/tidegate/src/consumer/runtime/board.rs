//! What the driver writes down now and then, for metrics.

use crate::consumer::core::Facts;
use crate::consumer::runtime::driver::Driver;
use crate::meter::Fact;

impl Driver {
    /// How each partition is, when somebody wants to know and it is time again.
    pub(super) fn write_down(&self) {
        let Some(meters) = &self.shop.meters else { return };
        let now = self.shop.clock.elapsed();
        if meters.board.wants(now) {
            let facts = self.core.facts();
            meters.board.write(now, facts.map(|facts| (facts.partition.clone(), self.fact(facts))));
        }
    }

    fn fact(&self, facts: Facts<'_>) -> Fact {
        let Facts { partition, committed, oldest, scheduled, next_due, held: keys, paused } = facts;
        let held = oldest.and_then(|offset| self.held.at(partition, offset));
        let oldest = held.map(|item| item.record.timestamp).filter(|at| at.is_known());
        Fact { committed, oldest, scheduled, next_due, held: keys, paused }
    }
}

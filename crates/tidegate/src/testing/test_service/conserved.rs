//! Nothing lost, nothing twice (I5): the core's ledger against an independent record of deliveries.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::PoisonError;

use crate::message::{Offset, TopicPartition};
use crate::testing::test_service::TestService;

impl TestService {
    /// Checks that every delivered record ended exactly once, or is pending; that the core's ledger says the same as
    /// what was seen; and that nothing was committed that did not end.
    ///
    /// # Panics
    /// When that is not so: with partitions and offsets.
    pub fn assert_conserved(&self) {
        let mut report = String::new();
        self.check_tenures(&mut report);
        self.check_ledger(&mut report);
        if self.alone {
            self.check_commits(&mut report);
        }
        assert!(report.is_empty(), "not conserved:\n{report}");
    }

    fn check_tenures(&self, report: &mut String) {
        for witness in self.past.iter().chain([&self.life.witness]) {
            for tenure in &witness.seen().tenures {
                for defect in &tenure.defects {
                    let _ = writeln!(report, "{}: {defect}", tenure.partition);
                }
            }
        }
    }

    fn check_ledger(&self, report: &mut String) {
        let ledger = self.life.health.snapshot().ledger;
        let seen = self.life.witness.seen().counts();
        for (partition, counts) in &ledger {
            if !counts.conserved() {
                let _ = writeln!(report, "{partition}: the ledger has a hole: {counts:?}");
            }
        }
        for (partition, counts) in seen {
            let told = ledger.get(&partition).copied().unwrap_or_default();
            if told != counts {
                let _ =
                    writeln!(report, "{partition}: the ledger says {told:?}, seen was {counts:?}");
            }
        }
    }

    /// Every record below the committed offset has ended in one of the lives.
    fn check_commits(&self, report: &mut String) {
        let view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        for (partition, committed) in &view.committed {
            let ended = self.ended_in_any_life(partition);
            let first = self.first_delivered(partition);
            let records = view.records.get(partition).into_iter().flatten();
            let holes: Vec<u64> = records
                .map(|record| record.offset)
                .filter(|offset| Some(*offset) >= first && *offset < committed.offset)
                .filter(|offset| !ended.contains(offset))
                .map(|offset| offset.0)
                .collect();
            if !holes.is_empty() {
                let _ = writeln!(report, "{partition}: committed, and never ended: {holes:?}");
            }
        }
    }

    fn ended_in_any_life(&self, partition: &TopicPartition) -> BTreeSet<Offset> {
        let mut ended = BTreeSet::new();
        for witness in self.past.iter().chain([&self.life.witness]) {
            let seen = witness.seen();
            let of_partition = seen.tenures.iter().filter(|t| t.partition == *partition);
            ended.extend(of_partition.flat_map(|tenure| tenure.ended.keys().copied()));
        }
        ended
    }

    /// Where the service began: what was committed before it is not its own.
    fn first_delivered(&self, partition: &TopicPartition) -> Option<Offset> {
        let lives = self.past.iter().chain([&self.life.witness]);
        let firsts = lives.filter_map(|witness| {
            let seen = witness.seen();
            let of_partition = seen.tenures.iter().filter(|t| t.partition == *partition);
            of_partition.filter_map(|tenure| tenure.delivered.first().copied()).min()
        });
        firsts.min()
    }
}

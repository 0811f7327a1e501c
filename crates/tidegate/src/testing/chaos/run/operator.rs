//! Who looks after the service: when it ends because records are lost, it is told where to go on.

use tokio::time::Instant;

use super::{GROUP, Running};
use crate::error::Error;
use crate::message::{Offset, TopicPartition};
use crate::testing::chaos::checks;
use crate::testing::chaos::world::lock;
use crate::testing::sim::Process;

impl Running<'_> {
    /// A process has ended: because records are lost?
    pub(super) fn look_for_losses(&mut self, process: Process, result: &Result<(), Error>) {
        let mut truth = lock(&self.world.truth);
        if checks::i7_lost_records_end_it(&mut truth, process, result) {
            let lost = truth.lost.get(&process).cloned().unwrap_or_default();
            drop(truth);
            for (at, begins) in lost {
                let delay = self.rng.millis(0, 2_000);
                self.repairs.push((Instant::now() + delay, at, begins));
            }
        }
    }

    /// As the service's last words say: an offset within the log is committed for the group. Not while anybody works there:
    /// who had read on before the records were deleted needs no help.
    pub(super) fn repair(&self, at: &TopicPartition, begins: Offset) {
        let (world, log) = (&self.world, &self.world.log);
        // Asked before the truth is locked: what arrives at the log meanwhile is written down there.
        let committed = log.committed(GROUP, at);
        let behind = committed.is_some_and(|committed| committed.offset < begins);
        // Who was told of the partition before may commit what it was told; it ends by itself if that is lost.
        let told = log.is_owned(GROUP, at);
        let mut truth = lock(&world.truth);
        let taken = told || self.lives.keys().any(|process| truth.hands(*process).is_open(at));
        if behind && !taken {
            world.note(|| format!("the operator commits {begins} of {at}"));
            truth.reset(at, begins);
            drop(truth);
            log.reset(GROUP, at, begins);
        }
    }
}

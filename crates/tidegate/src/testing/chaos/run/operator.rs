//! Who looks after the service: when it ends because records are lost, it is told where to go on; keys that are held are let go.

use std::time::Duration;

use tokio::time::Instant;

use super::{GROUP, Running};
use crate::companion::entry::EntryId;
use crate::error::Error;
use crate::message::{NewRecord, Offset, TopicPartition};
use crate::testing::chaos::checks;
use crate::testing::chaos::world::{PUBLISHER, lock};
use crate::testing::sim::Process;

impl Running<'_> {
    /// Each key that is held is let go after a while, or tried to: the log may be away.
    pub(super) async fn let_keys_go(&mut self) {
        let (now, held) = (Instant::now(), lock(&self.world.truth).held());
        self.releases
            .retain(|key, _| held.iter().any(|(at, origin, _)| (at, origin) == (&key.0, &key.1)));
        let mut strikes = Vec::new();
        for (at, origin, by) in held {
            let soon = if lock(&self.world.planner).is_healed() { 1_000 } else { 8_000 };
            let rng = &mut self.rng;
            let due = self
                .releases
                .entry((at.clone(), origin))
                .or_insert_with(|| now + rng.millis(0, soon));
            if *due <= now {
                *due = now + Duration::from_secs(1); // once more, if it does not get there
                self.world.note(|| format!("the operator lets the key of {at} offset {origin} go"));
                let ids = by.into_iter().map(|stamp| EntryId { origin, stamp });
                strikes.extend(ids.filter_map(|id| self.strike_of(&at, id)));
            }
        }
        if !strikes.is_empty() {
            self.world.log.broker(PUBLISHER).publish(strikes).await;
        }
    }

    fn strike_of(&self, at: &TopicPartition, id: EntryId) -> Option<NewRecord> {
        let mut scribes = self.world.topics.companions.values();
        let scribe = scribes.find(|scribe| scribe.source == at.topic)?;
        Some(scribe.tombstone(at.partition, id))
    }

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

//! What a commit says: how far all is finished, and what there is beyond that (rules 8, 20, 22).

use crate::broker::{CommitEntry, Committed};
use crate::consumer::core::cx::Cx;
use crate::consumer::core::metadata::{CommitMetadata, DoneAbove, RetryState};
use crate::consumer::core::partition::Partition;
#[cfg(feature = "testing")]
use crate::planted::planted;

/// An entry of the metadata in bytes, with room to spare.
const ENTRY: usize = 64;

impl Partition {
    pub(super) fn commit_entry(&mut self, cx: &Cx<'_>) -> CommitEntry {
        #[cfg_attr(not(feature = "testing"), expect(unused_mut, reason = "see below"))]
        let mut base = self.tracker.watermark();
        #[cfg(feature = "testing")]
        if planted!(CommitMovesBack)
            && let Some((accepted, _)) = self.progress.accepted
            && let Some(refused) = self.progress.refused.take_if(|refused| *refused < accepted)
        {
            base = refused;
        }
        let retries = self.retries();
        let metadata = CommitMetadata {
            cluster_id: cx.config.cluster_id.clone(),
            partition: self.id.clone(),
            topic_id: self.topic_id,
            base,
            log_start: self.log_start,
            fence: self.fence,
            retries,
            done: self.all_done_above(),
        };
        let (metadata, all) = metadata.encode_within(self.progress.limit);
        self.progress.full = !all;
        CommitEntry { partition: self.id.clone(), committed: Committed { offset: base, metadata } }
    }

    /// All blocking retries, of this ownership and of an earlier one, in offset order.
    pub(super) fn retries(&self) -> Vec<RetryState> {
        let waiting = self.restored.values().map(|(state, _)| *state);
        let mut retries: Vec<_> = waiting.chain(self.tracker.retries()).collect();
        retries.sort_by_key(|retry| retry.offset);
        retries
    }

    /// What is finished above the watermark, here or by an earlier owner: all between the unfinished ones (rule 8). What waits in the
    /// schedule is said to be, also before its turn: it is there, whoever comes next; and once it is struck there, nobody is to run it.
    pub(super) fn all_done_above(&self) -> DoneAbove {
        let mut done = DoneAbove::default();
        let mut from = self.tracker.watermark();
        let index = &self.schedule.index;
        for offset in self.tracker.unfinished().filter(|offset| !index.is_unreleased(*offset)) {
            done.push(from, offset);
            from = offset.next();
        }
        let next = self.tracker.next();
        done.push(from, next);
        for (from, to) in self.done_above.ranges() {
            done.push(from.max(next), to);
        }
        done
    }

    /// Whether one more record may begin, fail, and still find a place in the metadata. Near the limit intake slows; what
    /// runs already, and fails beyond it, keeps its count in this process only (rule 8).
    pub(super) fn metadata_has_room(&self) -> bool {
        let (here, busy) = (self.tracker.retrying(), self.tracker.busy());
        let fits = (here + self.restored.len() + 1) * ENTRY <= self.progress.limit / 2;
        // With nothing under way, nothing but a start makes room.
        here + busy == 0 || fits && !self.progress.full
    }
}

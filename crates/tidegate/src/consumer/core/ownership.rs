//! Taking a partition over: known to the stores, start chosen, schedule read, first commit accepted, only then records (rules 7, 8,
//! 10, 12).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::broker::{Assignment, Committed, Watermarks};
use crate::consumer::core::cx::Cx;
use crate::consumer::core::metadata::{CommitMetadata, MetadataError, RetryState};
use crate::consumer::core::partition::{Partition, Phase};
use crate::consumer::core::tracker::Tracker;
use crate::consumer::core::{Command, OwnFailure};
use crate::events::RuntimeEvent;
use crate::message::Offset;
use crate::planted::{is_new, planted};
use crate::policy::{Effects, RoutePolicy, StartFrom};

impl Partition {
    /// Begins: with the stores of effects, if any route has one.
    pub(super) fn begin(&mut self, cx: &mut Cx<'_>) {
        let stores = |p: &RoutePolicy| p.effects == Effects::Transactional;
        if cx.config.policies.iter().any(stores) {
            self.own(cx);
        } else {
            self.locate(cx);
        }
    }

    fn own(&self, cx: &mut Cx<'_>) {
        cx.push(Command::Own { partition: self.id.clone(), epoch: self.epoch });
    }

    pub(super) fn owned(&mut self, result: Result<(), OwnFailure>, cx: &mut Cx<'_>) {
        if self.draining {
            return;
        }
        let Phase::Owning { failures, again, .. } = &mut self.phase else { return };
        if again.is_some() {
            return;
        }
        let Err(failure) = result else { return self.locate(cx) };
        *failures = failures.saturating_add(1);
        let delay = cx.config.outage_backoff.delay(*failures, cx.draw());
        *again = Some(cx.after(delay));
        let partition = self.id.clone();
        self.tell(RuntimeEvent::OwnFailed { partition, message: failure.message }, cx);
    }

    /// Asks the stores once more, when the back-off is over.
    pub(super) fn tend_owning(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now.elapsed;
        if self.draining {
            return;
        }
        let Phase::Owning { again, .. } = &mut self.phase else { return };
        if again.take_if(|at| *at <= now).is_some() {
            self.own(cx);
        }
    }

    /// Chooses the start: the commit if there is one, else what the user chose; never a silent jump (rule 7).
    fn locate(&mut self, cx: &mut Cx<'_>) {
        let Phase::Owning { assignment, .. } = std::mem::replace(&mut self.phase, Phase::Proving)
        else {
            return;
        };
        // Without one it was fenced, and is taken again: what is known is newer than any commit.
        let found = assignment.is_none_or(|assignment| self.locate_in(assignment, cx));
        if found && cx.config.schedule.is_some() {
            self.restore_schedule(cx);
        }
    }

    fn locate_in(&mut self, assignment: Assignment, cx: &mut Cx<'_>) -> bool {
        let Assignment { committed, watermarks, .. } = assignment;
        let committed = committed.filter(|committed| !self.is_void(committed, cx));
        let from = match (&committed, cx.config.start_from) {
            (Some(committed), _) => committed.offset,
            (None, _) if planted!(NewBeginsAtEnd) && is_new(&self.id) => watermarks.end,
            (None, StartFrom::Earliest) => watermarks.start,
            (None, StartFrom::Latest) => watermarks.end,
            (None, StartFrom::At(offset)) => offset,
        };
        let from = if planted!(SilentJump) { from.max(watermarks.start) } else { from };
        if from < watermarks.start || from > watermarks.end {
            let what =
                if committed.is_some() { "the committed offset" } else { "the chosen start" };
            self.phase = Phase::Halted;
            self.out_of_range(what, from, watermarks, cx);
            return false;
        }
        self.tracker = Tracker::new(from);
        self.progress.metadata_changed(false);
        if let Some(committed) = committed {
            self.restore(&committed, watermarks, cx);
        }
        true
    }

    /// Whether it was committed for a topic of this name that was deleted: the group has no commit then (rule 7). Kafka deletes
    /// commits after the topic, and takes those that come late for commits of the new one.
    fn is_void(&mut self, committed: &Committed, cx: &mut Cx<'_>) -> bool {
        let void = CommitMetadata::decode(&committed.metadata).is_ok_and(|metadata| {
            metadata.is_of_another_topic(&cx.config.cluster_id, &self.id, self.topic_id)
        });
        if void {
            let (partition, offset) = (self.id.clone(), committed.offset);
            self.tell(RuntimeEvent::CommitVoid { partition, offset }, cx);
        }
        void
    }

    pub(super) fn out_of_range(
        &mut self,
        what: &str,
        position: Offset,
        watermarks: Watermarks,
        cx: &mut Cx<'_>,
    ) {
        let (partition, group) = (self.id.clone(), &cx.config.group);
        let (start, end) = (watermarks.start, watermarks.end);
        cx.fail(format!(
            "{partition}: {what} {position} of group {group} is outside of the log, which holds {start} to {end}: \
             records may be lost; commit an offset within the log for the group, then start again"
        ));
        self.tell(RuntimeEvent::OutOfRange { partition, position, watermarks }, cx);
    }

    /// Takes over what the last owner left with its commit. What does not fit is ignored, and the records run again (rule 8).
    fn restore(&mut self, committed: &Committed, watermarks: Watermarks, cx: &mut Cx<'_>) {
        if committed.metadata.is_empty() {
            return;
        }
        match self.decode(committed, watermarks, cx) {
            Ok(metadata) => {
                self.log_start = metadata.log_start;
                self.fence = metadata.fence;
                self.restored = restored(metadata.retries, cx);
                if !planted!(MapIgnored) {
                    self.done_above = metadata.done;
                }
            }
            Err(why) => {
                let (partition, reason) = (self.id.clone(), why.to_string());
                self.tell(RuntimeEvent::MetadataIgnored { partition, reason }, cx);
            }
        }
    }

    fn decode(
        &self,
        committed: &Committed,
        watermarks: Watermarks,
        cx: &Cx<'_>,
    ) -> Result<CommitMetadata, MetadataError> {
        let metadata = CommitMetadata::decode(&committed.metadata)?;
        metadata.fits(&cx.config.cluster_id, &self.id, committed.offset, watermarks.start)?;
        Ok(metadata)
    }

    /// The first commit was accepted: the partition is ours, and records may come (rule 10).
    pub(super) fn go(&mut self, cx: &mut Cx<'_>) {
        if self.draining {
            return;
        }
        self.phase = Phase::Running;
        let (partition, from) = (self.id.clone(), self.tracker.watermark());
        cx.push(Command::Start { partition: partition.clone(), epoch: self.epoch, from });
        self.tell(RuntimeEvent::Started { partition, from }, cx);
        self.strike_behind_held(cx);
    }
}

/// The due time was fixed by the wall clock of another process. If that clock, or ours, is wrong: nobody waits longer
/// than the delay that was drawn (rule 19).
pub(super) fn restored(
    retries: Vec<RetryState>,
    cx: &Cx<'_>,
) -> BTreeMap<Offset, (RetryState, Duration)> {
    let wait = |retry: &RetryState| {
        let left = retry.due.0.saturating_sub(cx.now.wall.0);
        Duration::from_millis(u64::try_from(left).unwrap_or(0)).min(retry.delay)
    };
    retries.into_iter().map(|retry| (retry.offset, (retry, cx.after(wait(&retry))))).collect()
}

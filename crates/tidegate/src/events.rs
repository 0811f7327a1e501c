//! What happens inside the runtime, as typed events: logs, readiness, metrics and tests are built on them.

mod about;
mod kind;

use std::time::Duration;

use crate::broker::{CommitError, Watermarks};
use crate::class::Failure;
pub use crate::consumer::core::End;
use crate::consumer::core::StepKind;
use crate::message::{Offset, TopicName, TopicPartition};

/// Something that operators, tests and metrics want to know.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum RuntimeEvent {
    /// A partition was taken over and is being delivered from this offset.
    Started {
        /// The partition.
        partition: TopicPartition,
        /// From here.
        from: Offset,
    },
    /// A partition was given back (drained and committed) or lost.
    Ended {
        /// The partition.
        partition: TopicPartition,
        /// True when it was taken without a drain.
        lost: bool,
    },
    /// A record is finished.
    Settled {
        /// The partition.
        partition: TopicPartition,
        /// The record.
        offset: Offset,
        /// How.
        end: End,
    },
    /// An attempt failed, and another one will follow after the delay.
    Retrying {
        /// The partition.
        partition: TopicPartition,
        /// The record.
        offset: Offset,
        /// Which attempt failed, from 1.
        attempt: u32,
        /// Why.
        failure: Failure,
        /// How long until the next.
        delay: Duration,
    },
    /// A partition was taken over: what waits in its schedule is being read, and nothing of it is processed before that is done.
    Restoring {
        /// The partition.
        partition: TopicPartition,
    },
    /// What waits in the schedule of a partition was read (rule 22); not told when nothing waits.
    Restored {
        /// The partition.
        partition: TopicPartition,
        /// How many records wait.
        entries: usize,
    },
    /// What waits in the schedule of a partition cannot be read now: nothing of the partition is processed before it is (rule 12).
    /// It is tried again.
    RestoreFailed {
        /// The partition.
        partition: TopicPartition,
        /// One line.
        message: String,
    },
    /// A record waits behind another one of its key that has failed: durably, and without an attempt (rule 23).
    Parked {
        /// The partition.
        partition: TopicPartition,
        /// The record.
        offset: Offset,
    },
    /// A record waits in the schedule alone: its place in the source is free.
    Scheduled {
        /// The partition.
        partition: TopicPartition,
        /// The record.
        offset: Offset,
    },
    /// A record has come back from the schedule: its next attempt follows.
    Recalled {
        /// The partition.
        partition: TopicPartition,
        /// The record.
        offset: Offset,
    },
    /// Too many bytes of one key are parked: the record stays in the source, and the partition is paused until there is room.
    KeyCrowded {
        /// The partition.
        partition: TopicPartition,
        /// The record.
        offset: Offset,
    },
    /// A record is dead-lettered, and holds its key: those behind it wait until an operator lets it go
    /// ([`AfterDeadLetter::HoldKey`](crate::policy::AfterDeadLetter)).
    KeyHeld {
        /// The partition.
        partition: TopicPartition,
        /// The record.
        offset: Offset,
    },
    /// An operator has let the key of that record go: the next record of it runs.
    KeyReleased {
        /// The partition.
        partition: TopicPartition,
        /// The record.
        offset: Offset,
    },
    /// A record that is due could not be read from the schedule; it is tried again.
    RecallFailed {
        /// The partition.
        partition: TopicPartition,
        /// The record.
        offset: Offset,
        /// One line.
        message: String,
    },
    /// An earlier owner's entry came into the schedule after a later one had read all of it, and perhaps settled its record: it is struck,
    /// and not run (rule 22).
    StaleEntry {
        /// The partition.
        partition: TopicPartition,
        /// The record.
        offset: Offset,
    },
    /// An entry of the schedule is of a record of another topic of this name, which was deleted: its offset means another record here. It is
    /// neither run nor struck, and stays in the retry topic. Told each time that the schedule is read (rule 7).
    OrphanEntry {
        /// The partition.
        partition: TopicPartition,
        /// The record's offset in the topic that was deleted.
        offset: Offset,
        /// Where the entry stands in the same partition of the retry topic.
        at: Offset,
    },
    /// A dependency is down: the partition has paused, no attempt was counted.
    OutagePaused {
        /// The partition.
        partition: TopicPartition,
        /// The record that found out.
        offset: Offset,
        /// What is down.
        dependency: &'static str,
        /// One line.
        message: String,
        /// How long until it is tried again.
        delay: Duration,
    },
    /// A partition has been paused for an outage for as long as is tolerated silently (15 min). Told once an outage.
    OutageAlarm {
        /// The partition.
        partition: TopicPartition,
        /// What is down.
        dependency: &'static str,
        /// Since when.
        paused: Duration,
    },
    /// The partition's outage is over.
    OutageOver {
        /// The partition.
        partition: TopicPartition,
    },
    /// A step of settling failed; it is tried again until it works, and its unit of order waits (rule 5).
    SettleStalled {
        /// The partition.
        partition: TopicPartition,
        /// The record.
        offset: Offset,
        /// Which step.
        step: StepKind,
        /// One line.
        message: String,
    },
    /// A commit was refused or not confirmed.
    CommitFailed {
        /// The partition.
        partition: TopicPartition,
        /// Why.
        error: CommitError,
    },
    /// The store of effects could not be told who owns the partition; tried again.
    OwnFailed {
        /// The partition.
        partition: TopicPartition,
        /// One line.
        message: String,
    },
    /// Another owner has the partition (rule 10): everything of it was cancelled, and nothing is committed any more.
    Fenced {
        /// The partition.
        partition: TopicPartition,
    },
    /// The group has accepted no commit for too long (0.8 of the session timeout): the ownership is not trusted any more.
    /// Nothing of the partition starts or settles until a commit is accepted (rule 10).
    LeaseExpired {
        /// The partition.
        partition: TopicPartition,
    },
    /// A commit was accepted again: the partition goes on.
    LeaseRenewed {
        /// The partition.
        partition: TopicPartition,
    },
    /// A partition has work, waits for nothing that was told of, and gets no further. Told once, until it moves.
    PartitionStuck {
        /// The partition.
        partition: TopicPartition,
        /// The record at fault: the lowest unfinished one.
        offset: Offset,
        /// What that record is in the middle of: `queued`, `running` or `settling`.
        doing: &'static str,
        /// For how long it has been the lowest.
        lasted: Duration,
    },
    /// A partition that was stuck moves again.
    PartitionMoves {
        /// The partition.
        partition: TopicPartition,
    },
    /// Nothing has come of a partition for long, though its log goes on; the broker's client is sent there again, and where
    /// that does not help the group is joined anew. Told each time; [`SilenceOver`](Self::SilenceOver) when it has ended.
    PartitionSilent {
        /// The partition.
        partition: TopicPartition,
        /// The next offset that is awaited.
        position: Offset,
        /// Where its log ends.
        end: Offset,
    },
    /// A partition that was silent has spoken, or is read to its end.
    SilenceOver {
        /// The partition.
        partition: TopicPartition,
    },
    /// The next batch of a partition cannot be read: its checksum is wrong, it cannot be decompressed, or it is malformed. Nothing
    /// from there on is delivered or committed until it can be; it is tried again, after a pause that grows to half a minute. Told each
    /// time; [`CorruptBatchOver`](Self::CorruptBatchOver) when it has ended.
    CorruptBatch {
        /// The partition.
        partition: TopicPartition,
        /// The next offset that is awaited.
        position: Offset,
        /// What is wrong with the batch.
        reason: String,
    },
    /// A partition whose next batch was corrupt is read on, or that batch is not in the log any more.
    CorruptBatchOver {
        /// The partition.
        partition: TopicPartition,
    },
    /// The member's loop turned so much too late: something kept its thread (an observer; on a runtime with one thread, a
    /// handler). Commits and the group waited for it. Told when it turns again; [`Health`](crate::health::Health) says it meanwhile.
    LoopLate {
        /// By how much.
        by: Duration,
    },
    /// The member did not ask for records within `max_poll_interval`, and its group put it out (rule 15): its partitions are
    /// others', each of them [`Ended`](Self::Ended) as lost. It joins anew by itself.
    PollExceeded,
    /// A topic that is read is not there any more: somebody has deleted it. Nothing of it comes, and nothing of it can be
    /// committed. Told once, until it is [back](Self::TopicBack). On Kafka within 5 s.
    TopicGone {
        /// The topic.
        topic: TopicName,
    },
    /// A topic is there again, and its partitions are taken over anew.
    TopicBack {
        /// The topic.
        topic: TopicName,
        /// It was made anew: its records are others, whatever their offsets are, and the group's commits went with it. What
        /// has no commit begins where the service [starts from](crate::service::Service::start_from); a commit that is still
        /// there is [void](Self::CommitVoid) (rule 7).
        anew: bool,
    },
    /// A handler has not given its thread back for so long: whatever else its lane holds waits for it. Work that takes the
    /// processor for long belongs into `blocking`. Told once for each time.
    LaneStuck {
        /// The partition of the record at fault.
        partition: TopicPartition,
        /// The record at fault.
        offset: Offset,
        /// For at least so long.
        lasted: Duration,
    },
    /// The lane of that record goes on.
    LaneFree {
        /// The partition of the record that held it up.
        partition: TopicPartition,
        /// The record that held it up.
        offset: Offset,
    },
    /// The broker delivered a record twice, or out of order, within one ownership: ignored. A defect of the broker.
    Redelivered {
        /// The partition.
        partition: TopicPartition,
        /// The record.
        offset: Offset,
    },
    /// What the group had committed was for another topic of this name, which was deleted: it counts as no commit, and the
    /// partition begins where the service [starts from](crate::service::Service::start_from) (rule 7).
    CommitVoid {
        /// The partition.
        partition: TopicPartition,
        /// The committed offset, which means nothing here.
        offset: Offset,
    },
    /// The commit's metadata does not fit this log: it is ignored, and progress in it is lost (rule 8).
    MetadataIgnored {
        /// The partition.
        partition: TopicPartition,
        /// What did not fit.
        reason: String,
    },
    /// The offset to go on from is not in the log any more (rule 7).
    OutOfRange {
        /// The partition.
        partition: TopicPartition,
        /// The position.
        position: Offset,
        /// The bounds of the log.
        watermarks: Watermarks,
    },
    /// The dead-letter handler failed as often as the route allows: the record is settled without its effect.
    DeadHandlerGivenUp {
        /// The partition.
        partition: TopicPartition,
        /// The record.
        offset: Offset,
        /// Its last failure.
        failure: Failure,
    },
}

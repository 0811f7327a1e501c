//! What the core is told.

use std::time::Duration;

use crate::broker::{Assignment, CommitEntry, CommitError, RevokeTicket};
use crate::class::Failure;
use crate::message::{Offset, Timestamp, TopicPartition};
use crate::policy::{Effects, PolicyId};

/// The time, and a random number, as they come in with each event.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// A clock that never goes back, from an arbitrary start. All waiting is measured on it.
    pub elapsed: Duration,
    /// The wall clock: only for what outlives the process (due times in commit metadata, history).
    pub wall: Timestamp,
    /// Fresh for each event: the source of jitter.
    pub entropy: u64,
}

/// Raised at each assignment of a partition in this process: a completion that carries an older one is late, and
/// changes nothing (rule 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LocalEpoch(pub u64);

/// Names one record within one ownership (rule 10).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkId {
    /// The partition.
    pub partition: TopicPartition,
    /// Which ownership of it.
    pub epoch: LocalEpoch,
    /// The record.
    pub offset: Offset,
}

/// A delivered record, as far as the core needs to know it. The driver keeps the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// Where it stands.
    pub offset: Offset,
    /// Bytes that it holds in memory.
    pub size: usize,
    /// The policy of the route that it will take.
    pub policy: PolicyId,
    /// A hash of its key; `None`: it has no key. Equal keys have equal hashes.
    pub key: Option<u64>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The handler returned an outcome. The driver holds what it emits.
    Done {
        /// Whether anything is emitted.
        emits: bool,
    },
    /// The marker says that it was done before (rule 28).
    Duplicate {
        /// Whether its `Done` still owes emitted records.
        owes: bool,
    },
    /// Not for this service, and said so: skipped by name, aimed at another group, superseded, or dead already (rule 31).
    Skipped,
    /// Not run: its marker says that it was dead-lettered before (rule 31).
    Dead,
    /// The attempt failed.
    Failed {
        /// Why. Boxed: most answers have none, and many are kept at once.
        failure: Box<Failure>,
        /// How long the attempt took.
        took: Duration,
    },
    /// The effect's transaction found another owner (rule 10): nothing was done, and nothing may be committed.
    Fenced,
    /// Not begun: the record before it in its chain did not end plainly, the partition is being given back, or the lease
    /// is over. The record is to be started again.
    Held,
}

impl Verdict {
    /// Whether the record is finished by this alone, so that the next one of its chain may run at once (rule 23: only
    /// after the previous settlement, and there is none).
    #[must_use]
    pub fn is_plain(&self, effects: Effects) -> bool {
        match self {
            Self::Done { emits } => !emits && effects == Effects::AtLeastOnce,
            Self::Skipped => true,
            Self::Duplicate { owes } => !owes,
            Self::Failed { .. } | Self::Dead | Self::Fenced | Self::Held => false,
        }
    }
}

/// Why ownership in the effect's store could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFailure {
    /// One line.
    pub message: String,
}

/// Why a step of settling did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepFailure {
    /// Try the same step again after a back-off; never give up, never go on without it (rule 5).
    Again(String),
    /// The effect was rolled back, and did not happen: run the attempt again, it does not count (the store is down).
    Rerun(String),
    /// A unique violation: the effect exists already, done by another attempt (rule 28). It may owe emitted records.
    Duplicate,
    /// A twin of the record was dead-lettered meanwhile, and is marked so (rule 31).
    Dead,
    /// Another owner has the partition (rule 10).
    Fenced,
    /// Not begun: the ownership lease is over (rule 10). To be tried again when a commit was accepted.
    Lapsed,
}

/// What happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The group gave us partitions.
    Assigned(Vec<Assignment>),
    /// Answer to [`Command::Own`](super::Command::Own).
    Owned {
        /// The partition.
        partition: TopicPartition,
        /// Its ownership.
        epoch: LocalEpoch,
        /// Whether the effect's store knows us as owner now.
        result: Result<(), OwnFailure>,
    },
    /// Records arrived.
    Delivered {
        /// The partition.
        partition: TopicPartition,
        /// In offset order, at least one.
        records: Vec<Delivered>,
    },
    /// The position of a partition cannot be read any more.
    OutOfRange {
        /// The partition.
        partition: TopicPartition,
        /// The position.
        position: Offset,
        /// The bounds of its log.
        watermarks: crate::broker::Watermarks,
    },
    /// Nothing comes of a partition, though its log goes on.
    Silent {
        /// The partition.
        partition: TopicPartition,
        /// The next offset that is awaited.
        position: Offset,
        /// Where its log ends.
        end: Offset,
    },
    /// A silent partition is read to its end: there was nothing more.
    SilenceOver {
        /// The partition.
        partition: TopicPartition,
    },
    /// The next batch of a partition cannot be read: nothing more comes of it.
    CorruptBatch {
        /// The partition.
        partition: TopicPartition,
        /// The next offset that is awaited.
        position: Offset,
        /// What is wrong with the batch.
        reason: String,
    },
    /// That batch can be read, or is gone.
    CorruptBatchOver {
        /// The partition.
        partition: TopicPartition,
    },
    /// Answer to [`Command::Run`](super::Command::Run), or to a part of it.
    Ran {
        /// The partition.
        partition: TopicPartition,
        /// Its ownership.
        epoch: LocalEpoch,
        /// Which records, and how each of them ended; those of one chain in its order.
        answers: Vec<(Offset, Verdict)>,
    },
    /// Answer to [`Command::Step`](super::Command::Step). `Ok(emits)` of the steps `DeadHandler` says whether the
    /// dead-letter handler emits something; of the other steps it means nothing.
    Stepped {
        /// Which record.
        work: WorkId,
        /// Which step.
        step: super::StepKind,
        /// Whether it is durable.
        result: Result<bool, StepFailure>,
    },
    /// Answer to the step [`Schedule`](super::Step::Schedule): the entry is durable.
    Scheduled {
        /// Which record.
        work: WorkId,
        /// Where the entry stands in the companion.
        at: Offset,
    },
    /// What the companion's log says.
    Noted {
        /// The source's partition.
        partition: TopicPartition,
        /// Its ownership.
        epoch: LocalEpoch,
        /// In the log's order.
        notes: Vec<super::Note>,
        /// All that stands there below has been told.
        next: Offset,
        /// Whether all has been read that was there when it was begun.
        caught_up: bool,
    },
    /// Answer to [`Command::StrikeVoid`](super::Command::StrikeVoid): it is durable.
    VoidStruck {
        /// The source's partition.
        partition: TopicPartition,
        /// Its ownership.
        epoch: LocalEpoch,
        /// What is struck.
        entries: Vec<(Offset, super::Stamp)>,
    },
    /// Answer to [`Command::Recall`](super::Command::Recall).
    Recalled {
        /// The source's partition.
        partition: TopicPartition,
        /// Its ownership.
        epoch: LocalEpoch,
        /// The source record.
        origin: Offset,
        /// What its entry says, or why it cannot be read now.
        found: Result<Box<super::Recalled>, String>,
    },
    /// Answer to [`Command::Commit`](super::Command::Commit): what was sent, with a result for each.
    Committed(Vec<(CommitEntry, Result<(), CommitError>)>),
    /// Partitions are to be given back.
    Revoking {
        /// Which.
        partitions: Vec<TopicPartition>,
        /// How long that may take.
        within: Duration,
        /// To answer with.
        ticket: RevokeTicket,
    },
    /// Partitions are gone.
    Lost(Vec<TopicPartition>),
    /// The time that [`Core::deadline`](super::Core::deadline) named has come.
    Timer,
    /// Stop intake, drain, commit, then say [`Command::Stopped`](super::Command::Stopped).
    Shutdown {
        /// How long draining may take.
        within: Duration,
    },
}

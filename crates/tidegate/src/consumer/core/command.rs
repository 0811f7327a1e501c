//! What the core wants done.

use std::time::Duration;

use crate::broker::{CommitEntry, RevokeTicket};
use crate::class::{Cause, Failure};
use crate::consumer::core::event::{LocalEpoch, WorkId};
use crate::consumer::core::schedule::{Postponed, Stamp};
use crate::events::RuntimeEvent;
use crate::message::{Offset, Timestamp, TopicPartition};

use serde::{Deserialize, Serialize};

/// One failed attempt, as the dead letter's history tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1; starts anew after a replay.
    pub number: u32,
    /// When it ended.
    pub at: Timestamp,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// Class name.
    pub class: String,
    /// How it failed.
    pub cause: Cause,
    /// One line.
    pub error: String,
}

/// A step of settling; each is acknowledged before the next begins (rule 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Publish what the outcome emits (no transactional store). Ok when all of it is acked.
    Publish,
    /// Commit effect, marker `Done` and outbox rows in one transaction.
    Mark,
    /// Publish the outbox rows that the marker owes, and strike them.
    Dispatch,
    /// Publish the dead letter. Ok when acked.
    DeadLetter {
        /// The last failure.
        failure: Failure,
        /// Handler calls since the last replay.
        attempts: u32,
        /// What is known of them, oldest first.
        history: Vec<Attempt>,
    },
    /// Run the route's dead-letter handler. Ok(true): it emits something.
    DeadHandler,
    /// Commit the dead-letter handler's effect, marker `Dead` and outbox rows in one transaction.
    MarkDead,
    /// Write the record's next attempt into the schedule. Answer: [`Event::Scheduled`](super::Event::Scheduled) when acked.
    Schedule(Box<Postponed>),
    /// Strike these entries of the record from the schedule, in this order. Ok when acked.
    Unschedule(Vec<Stamp>),
}

/// Which step; for answers and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the variants of `Step`")]
pub enum StepKind {
    Publish,
    Mark,
    Dispatch,
    DeadLetter,
    DeadHandler,
    MarkDead,
    Schedule,
    Unschedule,
}

impl Step {
    /// Which step it is.
    #[must_use]
    pub fn kind(&self) -> StepKind {
        match self {
            Self::Publish => StepKind::Publish,
            Self::Mark => StepKind::Mark,
            Self::Dispatch => StepKind::Dispatch,
            Self::DeadLetter { .. } => StepKind::DeadLetter,
            Self::DeadHandler => StepKind::DeadHandler,
            Self::MarkDead => StepKind::MarkDead,
            Self::Schedule(_) => StepKind::Schedule,
            Self::Unschedule(_) => StepKind::Unschedule,
        }
    }
}

impl Step {
    /// The step is taken once more, and what it wrote may be there: an entry has another name then (rule 22).
    pub(super) fn take_another_name(&mut self) {
        if let Self::Schedule(postponed) = self {
            postponed.stamp.write += 1;
        }
    }
}

/// One record of a [`Command::Run`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The record.
    pub offset: Offset,
    /// From 1.
    pub attempt: u32,
    /// Runs after the record before it in the list, if that ended [plainly](super::Verdict::is_plain); else it is given
    /// back as [`Verdict::Held`](super::Verdict::Held).
    pub follows: bool,
}

/// What the driver is to do. Order within one `step` matters.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// Raise the owner row of this partition in every transactional store (rule 10). Answer: `Owned`.
    Own {
        /// The partition.
        partition: TopicPartition,
        /// Its new ownership.
        epoch: LocalEpoch,
    },
    /// Deliver from here.
    Start {
        /// The partition.
        partition: TopicPartition,
        /// Its ownership: what arrives from now on belongs to it.
        epoch: LocalEpoch,
        /// The first record.
        from: Offset,
    },
    /// Run attempts. Each record is answered once, in `Ran`.
    Run {
        /// The partition.
        partition: TopicPartition,
        /// Its ownership.
        epoch: LocalEpoch,
        /// Which records. Those that follow another one are behind it in this list.
        starts: Vec<Start>,
    },
    /// Begin nothing more that was handed over for this ownership: it is being given back. What is not begun is answered
    /// with [`Verdict::Held`](super::Verdict::Held); what runs goes on.
    Hold {
        /// The partition.
        partition: TopicPartition,
        /// Its ownership.
        epoch: LocalEpoch,
    },
    /// The ownership may be acted on until then (rule 10): nothing begins or settles later, whoever notices first.
    Lease {
        /// The partition.
        partition: TopicPartition,
        /// Its ownership.
        epoch: LocalEpoch,
        /// On the clock of [`Now::elapsed`](super::Now::elapsed).
        until: Duration,
    },
    /// Do a step of settling. Answer: `Stepped`.
    Step {
        /// Which record.
        work: WorkId,
        /// What.
        step: Step,
    },
    /// Records are finished: say so, then forget their bytes and their context.
    Forget {
        /// The partition.
        partition: TopicPartition,
        /// Its ownership.
        epoch: LocalEpoch,
        /// Which records, and how each ended (also counted in the ledger).
        ended: Vec<(Offset, End)>,
    },
    /// Read the companion from its start, and go on reading it until this ownership ends. Answer: `Noted`, again and again; what this
    /// ownership writes itself is left out.
    Restore {
        /// The source's partition.
        partition: TopicPartition,
        /// Its ownership.
        epoch: LocalEpoch,
    },
    /// Strike entries that count for nobody, and try until it is done. Answer: `VoidStruck`.
    StrikeVoid {
        /// The source's partition.
        partition: TopicPartition,
        /// Its ownership.
        epoch: LocalEpoch,
        /// Source record, and which writing of its entry.
        entries: Vec<(Offset, Stamp)>,
    },
    /// Bring a record out of its entry. Answer: `Recalled`.
    Recall {
        /// The source's partition.
        partition: TopicPartition,
        /// Its ownership.
        epoch: LocalEpoch,
        /// The source record.
        origin: Offset,
        /// Where its entry stands in the companion.
        at: Offset,
    },
    /// A record waits in the schedule: it need not be held any more.
    Shelve {
        /// The source's partition.
        partition: TopicPartition,
        /// Its ownership.
        epoch: LocalEpoch,
        /// The record.
        offset: Offset,
    },
    /// Stop everything that runs for this ownership, and forget its records; nothing is answered any more.
    Cancel {
        /// The partition.
        partition: TopicPartition,
        /// The ownership that has ended.
        epoch: LocalEpoch,
    },
    /// Stop delivery.
    Pause(TopicPartition),
    /// Go on with delivery.
    Resume(TopicPartition),
    /// Commit; one is in flight at a time. Answer: `Committed`.
    Commit(Vec<CommitEntry>),
    /// Answer the revoke: drained and committed.
    Release(RevokeTicket),
    /// Something that operators, tests and metrics want to know.
    Tell(RuntimeEvent),
    /// Everything is drained and committed (or the deadline came, or going on would do harm): leave the group.
    Stopped(Stopped),
}

/// How a delivered record ended; exactly one each (I5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// The handler did it.
    Done,
    /// Done before, as its marker says, or the commit of an earlier owner (rule 8).
    Duplicate,
    /// Not for this service, and said so.
    Skipped,
    /// Dead-lettered.
    Dead,
}

/// Why the core has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// As asked: everything finished was committed.
    Drained,
    /// As asked, but the deadline came first: so many records were cut off, and will be delivered again.
    Deadline {
        /// How many were running or settling.
        unfinished: usize,
    },
    /// A handler said `Fatal`, or a start position was refused.
    Failed {
        /// One line: what, where, what to do.
        reason: String,
    },
}

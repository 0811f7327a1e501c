//! Membership in a consumer group: what a member is told, and what it may say.

use std::time::Duration;

use crate::broker::{BoxFuture, BrokerError, CommitError, Watermarks};
use crate::message::{Offset, Record, TopicId, TopicName, TopicPartition};

/// How to join a group.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// The group's name.
    pub group: String,
    /// What the member reads; all of them must exist.
    pub topics: Vec<TopicName>,
    /// A member that is not heard of for so long is put out. 45 s.
    pub session_timeout: Duration,
    /// A member that does not poll for so long is put out. 5 min.
    pub max_poll_interval: Duration,
    /// How long a member may take to give partitions back. 5 s; must be less than half of
    /// [`max_poll_interval`](Self::max_poll_interval) (rule 11).
    pub drain_deadline: Duration,
    /// At most so many records in one [`GroupEvent::Records`]. 500.
    pub max_poll_records: usize,
    /// About so many bytes in one [`GroupEvent::Records`]. 1 MiB.
    pub max_poll_bytes: usize,
}

impl Subscription {
    /// The longest commit metadata in bytes (Kafka's `offset.metadata.max.bytes`).
    pub const MAX_METADATA: usize = 4096;

    /// With the defaults that the fields name.
    #[must_use]
    pub fn new(group: impl Into<String>, topics: Vec<TopicName>) -> Self {
        Self {
            group: group.into(),
            topics,
            session_timeout: Duration::from_secs(45),
            max_poll_interval: Duration::from_secs(300),
            drain_deadline: Duration::from_secs(5),
            max_poll_records: 500,
            max_poll_bytes: 1 << 20,
        }
    }

    /// Whether a member can join with it.
    ///
    /// # Errors
    /// [`BrokerError::Config`]: no group, no topic, or a drain deadline that is too long (rule 11).
    pub fn check(&self) -> Result<(), BrokerError> {
        let refuse =
            |reason: &str| Err(BrokerError::Config(format!("group {:?}: {reason}", self.group)));
        if self.group.is_empty() {
            return refuse("a group needs a name");
        }
        if self.topics.is_empty() {
            return refuse("a member needs a topic to read");
        }
        if self.drain_deadline >= self.max_poll_interval / 2 {
            return refuse("drain_deadline must be less than half of max_poll_interval");
        }
        Ok(())
    }
}

/// What a group has committed for a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The next offset to read (rule 1).
    pub offset: Offset,
    /// Text that the committer left with it; at most [`Subscription::MAX_METADATA`] bytes.
    pub metadata: String,
}

/// One partition's commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitEntry {
    /// The partition.
    pub partition: TopicPartition,
    /// What to remember for it.
    pub committed: Committed,
}

/// A partition that was given to this member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The partition.
    pub partition: TopicPartition,
    /// What the group committed for it last, if anything.
    pub committed: Option<Committed>,
    /// Its bounds at that moment.
    pub watermarks: Watermarks,
    /// Which topic of its name it is of, looked up before the commit. `None` where the log does not say: a cluster before
    /// Kafka 2.8, and logs that never delete a topic.
    pub topic_id: Option<TopicId>,
}

/// Names one [`GroupEvent::Revoking`], so that a late answer is not taken for another one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RevokeTicket(pub u64);

/// What happens to a member, in order.
#[derive(Debug)]
#[non_exhaustive]
pub enum GroupEvent {
    /// These partitions are the member's from now on. Nothing of them is delivered before
    /// [`Consumer::start`]. Cooperative: only what is new; may be empty.
    Assigned(Vec<Assignment>),
    /// Records of one partition, in offset order. Never of one that is not owned, paused or not started.
    Records {
        /// The partition.
        partition: TopicPartition,
        /// At least one.
        records: Vec<Record>,
    },
    /// These partitions are to be given back: nothing more of them is delivered, commits still count.
    /// Answer with [`Consumer::revoked`] in time, else they are [`Lost`](Self::Lost). The others stay as they are:
    /// they can be committed, and deliver without a new start, what is new at the latest when this is answered.
    Revoking {
        /// What is taken back.
        partitions: Vec<TopicPartition>,
        /// How long the member may take.
        within: Duration,
        /// To be handed back with the answer.
        ticket: RevokeTicket,
    },
    /// These partitions are someone else's already: stop at once, commit nothing.
    Lost(Vec<TopicPartition>),
    /// The position lies outside of the partition's log now (deleted under the reader). The partition delivers
    /// nothing until it is started again: whoever reads decides, and says so (rule 7).
    OutOfRange {
        /// The partition.
        partition: TopicPartition,
        /// The position that cannot be read.
        position: Offset,
        /// The bounds.
        watermarks: Watermarks,
    },
    /// Nothing has come of the partition for long, though its log goes on: the broker is asked anew, from the same
    /// position. Nothing is to be done; it is told so that operators hear of it.
    Silent {
        /// The partition.
        partition: TopicPartition,
        /// The next offset that is awaited.
        position: Offset,
        /// Where its log ends.
        end: Offset,
    },
    /// What was [`Silent`](Self::Silent) has no more to say: it is read to the end of its log, and nothing that was there was a
    /// record. Where a record comes instead, that says so.
    SilenceOver {
        /// The partition.
        partition: TopicPartition,
    },
    /// The batch that comes next of the partition cannot be read: its checksum is wrong, it cannot be decompressed, or it is
    /// malformed. Nothing from the position on is delivered until it can be (rule 6); it is tried again, after a pause that grows.
    /// Nothing is to be done; it is told each time so that operators hear of it. A log in this process ends the membership
    /// instead, with [`BrokerError::Corrupt`].
    CorruptBatch {
        /// The partition.
        partition: TopicPartition,
        /// The next offset that is awaited.
        position: Offset,
        /// What is wrong with the batch. One line.
        reason: String,
    },
    /// What was a [`CorruptBatch`](Self::CorruptBatch) can be read, or is not in the log any more.
    CorruptBatchOver {
        /// The partition.
        partition: TopicPartition,
    },
    /// A topic of the subscription is not there any more. The member stays, and reads its other topics. Told once, where the
    /// log can be asked for it (Kafka).
    TopicGone(TopicName),
    /// A topic is there again, or another of its name: what was owned of it is [`Lost`](Self::Lost), and comes with a new
    /// assignment.
    TopicBack {
        /// The topic.
        topic: TopicName,
        /// It was made anew: offsets from before mean nothing.
        anew: bool,
    },
    /// The member did not ask for events within `max_poll_interval`, and was put out of the group: what it owned is
    /// [`Lost`](Self::Lost). It joins anew by polling on. Told where the log says it (Kafka).
    PollExceeded,
    /// The membership has ended and cannot go on.
    Fatal(BrokerError),
}

/// A member of a group. Dropping it without [`close`](Self::close) is like a crash: the group waits for the
/// session to run out on a cluster; in one process it is put out at once.
pub trait Consumer: Send {
    /// The next event; waits for it. Cancel safe: a dropped future loses nothing. Must be called again
    /// within `max_poll_interval`, paused or not, else the member is put out; while it waits here it is polling.
    /// A member that was put out learns it by [`Lost`](GroupEvent::Lost), and joins again by polling on.
    fn poll(&mut self) -> BoxFuture<'_, GroupEvent>;

    /// Delivers an owned partition from this offset on (not checked before the first read). Discards what
    /// was prefetched of it; a pause ends.
    fn start(&mut self, partition: &TopicPartition, from: Offset);

    /// Stops delivery of these partitions. What was prefetched is kept for [`resume`](Self::resume).
    fn pause(&mut self, partitions: &[TopicPartition]);

    /// Goes on where [`pause`](Self::pause) stopped: nothing twice, nothing left out.
    fn resume(&mut self, partitions: &[TopicPartition]);

    /// Commits offsets; a result for each entry, in order: one that is refused does not stop the others. Durable
    /// when it says so. The future is independent of the member, so that polling goes on; one at a time (rule 2).
    /// What the member does not own any more is refused, also before it has learnt of the loss.
    fn commit(
        &mut self,
        entries: Vec<CommitEntry>,
    ) -> BoxFuture<'static, Vec<Result<(), CommitError>>>;

    /// Answers a [`GroupEvent::Revoking`]: the member has drained, committed, and lets go. A ticket that is
    /// not open any more is ignored.
    fn revoked(&mut self, ticket: RevokeTicket);

    /// Leaves the group at once; whatever is still owned goes to others. Later commits answer
    /// [`CommitError::Closed`].
    fn close(&mut self) -> BoxFuture<'static, ()>;
}

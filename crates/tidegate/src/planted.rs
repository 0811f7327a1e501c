//! Bugs of other systems, to be switched on by tests of the simulator: a check that finds none of them is no check.
//!
//! Without the feature `testing` there is no switch, and nothing of this is compiled in.

/// A bug, by the name that the regression table gives it.
#[cfg(feature = "testing")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Bug {
    /// Commits what was seen, not what is finished (confluentinc/parallel-consumer#826).
    HighestSeen,
    /// Commits past a record whose attempt is running (JasperFx/wolverine#3162).
    PastInFlight,
    /// Commits past a record that waits in memory for its retry (dapr/dapr#8796; rule 20).
    PastWaiting,
    /// Commits past a record whose emitted events or marker are not acknowledged yet (rule 4: never the offset first).
    PastSettling,
    /// Takes offsets for contiguous: waits for one that no record has (spring-projects/spring-kafka#4258).
    GapIsARecord,
    /// Goes on with what was lost (redpanda-data/connect#4477).
    LostGoesOn,
    /// Forgets to resume what it has paused (KPipe, lost wake-up).
    LostWakeUp,
    /// A refused commit is sent again later, whatever was accepted since (spring-projects/spring-kafka#3186).
    CommitMovesBack,
    /// Cuts off first, and drains then (PostHog/posthog#80897).
    FenceBeforeDrain,
    /// A revoke of one partition stops the others too (spring-projects/spring-kafka#4708).
    RetainedStop,
    /// Takes a dead letter that was not acknowledged for one that was (spring-projects/spring-kafka#2118).
    UnackedDeadLetter,
    /// A duplicate does not dispatch what its marker owes (NServiceBus outbox; rule 28).
    OwedForgotten,
    /// Starts a record before the one before it in its key is settled (rule 23).
    KeyOrder,
    /// Does again what an earlier owner's commit calls done (confluentinc/parallel-consumer#365; rule 8).
    MapIgnored,
    /// Takes in what it cannot hold (confluentinc/parallel-consumer#834).
    NoBudget,
    /// Trusts its ownership for ever (rule 10; a zombie that works on).
    NoLease,
    /// Asks the lease before it claims, and calls the handler however long the claim took (rule 10).
    ClaimOutlivesLease,
    /// A lane that is woken by a call and by the end of its ownership looks at the call first, which takes one more step (rule 11).
    StepBeforeEnd,
    /// Reads on what belongs to another owner, and drops it.
    FencedReadsOn,
    /// What runs for a lost partition is not cut off, and its answer counts for whoever owns it by then
    /// (spring-projects/spring-kafka#4688; rule 13).
    LateCompletion,
    /// The answer to a commit of an earlier ownership counts for the present one (rule 10).
    StaleCommitAnswer,
    /// The success of one record forgets the failures of the others (rule 21).
    CountersReset,
    /// The marker first, and what is emitted after it, outside of its transaction (NServiceBus outbox; rule 4).
    EmitAfterMarker,
    /// A publish that failed runs the handler again.
    PublishFailureReruns,
    /// Counts a record that was tried more than once as ended each time (spring-projects/spring-kafka#4688).
    SettledTwice,
    /// Goes back to the commit when delivery is resumed (spring-projects/spring-kafka#2340).
    ResumeGoesBack,
    /// An answer that did not come is taken for an acknowledgement (watermill, franz-go; rule 5).
    UnknownIsAcked,
    /// A handler runs in a task of its own: who cuts it off only stops waiting, and it goes on (rule 11).
    CutGoesOn,
    /// The handler of a dead letter runs in a task of its own, and goes on when its partition is taken away (rule 11).
    DeadHandlerGoesOn,
    /// What was dead-lettered is run again when it comes again, and its dead letters double (rule 31).
    DeadRunsAgain,
    /// A marker that could not be written begins the settlement anew, and with it the dead letter (rules 4, 31).
    LetterAgain,
    /// A partition that is found while the service runs begins at its end (apache/kafka KAFKA-12478; rules 7, 12).
    NewBeginsAtEnd,
    /// Commits past a record whose entry in the schedule is not acknowledged yet (rule 4).
    UnackedEntry,
    /// Begins before the schedule is read: a later record of a key overtakes the one that waits there (rule 12).
    UnreadHead,
    /// Strikes the last attempt's entry before the next one's is acknowledged (rule 22).
    StruckFirst,
    /// Runs what an earlier owner schedules after its record was settled (rule 22).
    StaleReAdd,
    /// Hands a record to a lane behind another one of its key, though it waits in the schedule (rule 22).
    ChainRunsScheduled,
    /// Marks a record as dead before the entry is written that holds its key (rules 4, 23).
    HoldAfterMark,
    /// Takes a partition over without the keys that are held (rules 12, 23).
    HeldForgotten,
    /// Goes on where the log begins when what it wants next was deleted (`auto.offset.reset`; rule 7).
    SilentJump,
}

#[cfg(feature = "testing")]
impl Bug {
    /// All of them.
    pub const ALL: [Self; 40] = [
        Self::HighestSeen,
        Self::PastInFlight,
        Self::PastWaiting,
        Self::PastSettling,
        Self::GapIsARecord,
        Self::LostGoesOn,
        Self::LostWakeUp,
        Self::CommitMovesBack,
        Self::FenceBeforeDrain,
        Self::RetainedStop,
        Self::UnackedDeadLetter,
        Self::OwedForgotten,
        Self::KeyOrder,
        Self::MapIgnored,
        Self::NoBudget,
        Self::NoLease,
        Self::ClaimOutlivesLease,
        Self::StepBeforeEnd,
        Self::FencedReadsOn,
        Self::LateCompletion,
        Self::StaleCommitAnswer,
        Self::CountersReset,
        Self::EmitAfterMarker,
        Self::PublishFailureReruns,
        Self::SettledTwice,
        Self::ResumeGoesBack,
        Self::UnknownIsAcked,
        Self::CutGoesOn,
        Self::DeadHandlerGoesOn,
        Self::DeadRunsAgain,
        Self::LetterAgain,
        Self::NewBeginsAtEnd,
        Self::UnackedEntry,
        Self::UnreadHead,
        Self::StruckFirst,
        Self::StaleReAdd,
        Self::ChainRunsScheduled,
        Self::HoldAfterMark,
        Self::HeldForgotten,
        Self::SilentJump,
    ];
}

#[cfg(feature = "testing")]
std::thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

#[cfg(feature = "testing")]
std::thread_local! {
    static KNOWN: std::cell::Cell<u32> = const { std::cell::Cell::new(u32::MAX) };
}

/// So many partitions each topic has when the services of this thread start.
#[cfg(feature = "testing")]
pub(crate) fn start_with(partitions: u32) {
    KNOWN.set(partitions);
}

/// Whether the topic has got this partition since then.
#[cfg(feature = "testing")]
pub(crate) fn is_new(at: &crate::message::TopicPartition) -> bool {
    at.partition.0 >= KNOWN.get()
}

/// Nothing is planted, so nobody has to know.
#[cfg(not(feature = "testing"))]
pub(crate) fn is_new(_: &crate::message::TopicPartition) -> bool {
    false
}

/// Runs with this bug, on this thread.
#[cfg(feature = "testing")]
pub(crate) fn with<T>(bug: Option<Bug>, run: impl FnOnce() -> T) -> T {
    let before = PLANTED.replace(bug);
    let result = run();
    PLANTED.set(before);
    result
}

/// Whether this bug is planted here.
#[cfg(feature = "testing")]
pub(crate) fn has(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// The handler's call; a task of its own where the bug is planted that whoever drops it does not end it.
#[cfg(feature = "testing")]
pub(crate) fn called<T: Send + 'static>(
    call: crate::broker::BoxFuture<'static, T>,
) -> crate::broker::BoxFuture<'static, T> {
    if has(Bug::CutGoesOn) { in_a_task(call) } else { call }
}

/// The same of a dead letter's handler.
#[cfg(feature = "testing")]
pub(crate) fn called_dead<T: Send + 'static>(
    call: crate::broker::BoxFuture<'static, T>,
) -> crate::broker::BoxFuture<'static, T> {
    if has(Bug::DeadHandlerGoesOn) { in_a_task(call) } else { call }
}

#[cfg(feature = "testing")]
fn in_a_task<T: Send + 'static>(
    call: crate::broker::BoxFuture<'static, T>,
) -> crate::broker::BoxFuture<'static, T> {
    #[allow(clippy::disallowed_methods, reason = "a task that nobody owns is the bug")]
    let task = tokio::spawn(call);
    Box::pin(async move {
        task.await.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))
    })
}

/// The handler's call.
#[cfg(not(feature = "testing"))]
pub(crate) fn called<T>(call: T) -> T {
    call
}

/// The same of a dead letter's handler.
#[cfg(not(feature = "testing"))]
pub(crate) fn called_dead<T>(call: T) -> T {
    call
}

/// The place of a bug: `false` unless a test has planted it.
macro_rules! planted {
    ($bug:ident) => {{
        #[cfg(feature = "testing")]
        let planted = $crate::planted::has($crate::planted::Bug::$bug);
        #[cfg(not(feature = "testing"))]
        let planted = false;
        planted
    }};
}
pub(crate) use planted;

//! What can go wrong at a call, and who decides.

use std::fmt;
use std::time::Duration;

use crate::broker::{CommitEntry, CommitError};
use crate::message::{Record, TopicPartition};

/// One simulated process. A number may be used again when its process is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Process(pub u32);

/// Which call of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the methods of `BrokerDriver` and `Consumer`")]
pub enum Call {
    ClusterId,
    Publish,
    Subscribe,
    Fetch,
    Watermarks,
    OffsetForTime,
    CreateTopics,
    Topics,
    DeleteRecords,
    Groups,
    Committed,
    Lag,
    Health,
    Poll,
    Start,
    Pause,
    Resume,
    Commit,
    Revoked,
    Close,
}

impl Call {
    /// Whether it stays within the client: nothing is asked of the broker, so that it can neither fail nor be late.
    #[must_use]
    pub const fn is_local(self) -> bool {
        matches!(self, Self::Start | Self::Pause | Self::Resume)
    }
}

/// A call that is about to act.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// Who calls.
    pub process: Process,
    /// What.
    pub call: Call,
    /// About which partition, where it is about one; the first where it is about several.
    pub partition: Option<&'a TopicPartition>,
    /// For which group, where it is for one.
    pub group: Option<&'a str>,
}

/// What happens to a call. "Lost" leaves the caller in doubt: an error that says *unknown* for a publish, *not confirmed*
/// for a commit, *unavailable* for a question. A [poll](Call::Poll) has no error: it brings nothing for so long (a tenth
/// of a second when it is refused). Calls that [stay within the client](Call::is_local) can only crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injection {
    /// It works.
    Nothing,
    /// It acts, and answers so much later.
    Late(Duration),
    /// It acts so much later, whatever has become of its caller by then, and answers.
    ActsLate(Duration),
    /// It is refused: an error that says so, and no effect.
    Refuse,
    /// The same, in the words of a coordinator. What is no commit is refused as by [`Refuse`](Self::Refuse).
    RefuseCommit(Refusal),
    /// It never acts, and the caller is in doubt after so long.
    LoseRequest(Duration),
    /// It acts, and the answer is lost: the caller is in doubt after so long.
    LoseReply(Duration),
    /// The process dies before the call acts: no answer ever comes, to this call or a later one.
    Crash,
    /// The process dies after the call has acted.
    CrashAfter,
}

impl Injection {
    /// Whether the call acts.
    #[must_use]
    pub const fn acts(self) -> bool {
        match self {
            Self::Nothing
            | Self::Late(_)
            | Self::ActsLate(_)
            | Self::LoseReply(_)
            | Self::CrashAfter => true,
            Self::Refuse | Self::RefuseCommit(_) | Self::LoseRequest(_) | Self::Crash => false,
        }
    }
}

/// Why a commit is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The broker cannot be reached.
    Unavailable,
    /// Another generation of the group has begun.
    StaleGeneration,
    /// The group is about to have another generation.
    RebalanceInProgress,
    /// The coordinator has moved, and reads the group's offsets first.
    CoordinatorLoading,
    /// The coordinator is another broker now.
    NotCoordinator,
}

impl From<Refusal> for CommitError {
    fn from(why: Refusal) -> Self {
        match why {
            Refusal::StaleGeneration => Self::StaleGeneration,
            Refusal::RebalanceInProgress => Self::RebalanceInProgress,
            Refusal::Unavailable | Refusal::CoordinatorLoading | Refusal::NotCoordinator => {
                Self::Unavailable(why.to_string())
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "injected: refused",
            Self::StaleGeneration => "injected: another generation",
            Self::RebalanceInProgress => "injected: a rebalance is in progress",
            Self::CoordinatorLoading => "injected: the coordinator is loading",
            Self::NotCoordinator => "injected: not the coordinator",
        })
    }
}

/// Decides what goes wrong. Asked once for each call, before it acts, in the order in which they are made.
///
/// It may call the log; nothing of the log is locked meanwhile.
pub trait Faults: Send + Sync + fmt::Debug {
    /// What happens to this call.
    fn on(&self, site: &Site<'_>) -> Injection;

    /// A record was appended, acknowledged or not.
    fn appended(&self, process: Process, record: &Record) {
        let _ = (process, record);
    }

    /// A commit was stored, confirmed or not.
    fn stored(&self, process: Process, entry: &CommitEntry) {
        let _ = (process, entry);
    }
}

//! What can go wrong at a call, and who decides.

use std::fmt;
use std::time::Duration;

use crate::broker::CommitEntry;
use crate::message::{Record, TopicPartition};

/// One simulated process, over all of its lives.
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
    Commit,
    Revoked,
    Close,
}

/// A call that is about to act.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// Who calls.
    pub process: Process,
    /// What.
    pub call: Call,
    /// About which partition, where it is about one; for a publish the first record's topic with partition 0.
    pub partition: Option<&'a TopicPartition>,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injection {
    /// It works.
    Nothing,
    /// It acts, and answers so much later.
    Late(Duration),
    /// It is refused: an error that says so, and no effect.
    Refuse,
    /// It acts, and the answer is lost: an error, after so long.
    LoseReply(Duration),
    /// The process dies before the call acts: no answer ever comes.
    Crash,
    /// The process dies after the call has acted.
    CrashAfter,
}

impl Injection {
    /// Whether the call acts.
    #[must_use]
    pub const fn acts(self) -> bool {
        !matches!(self, Self::Refuse | Self::Crash)
    }
}

/// Decides what goes wrong. Asked at every call, in the order in which they are made.
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

/// Waits as the injection says; the process is dead for ever after a crash.
pub(super) async fn answer(injection: Injection) {
    match injection {
        Injection::Nothing | Injection::Refuse => {}
        Injection::Late(delay) | Injection::LoseReply(delay) => tokio::time::sleep(delay).await,
        Injection::Crash | Injection::CrashAfter => std::future::pending().await,
    }
}

//! When in a record's life something goes wrong (the moments of the design), and what.

use std::fmt;

/// A moment, by its letter in the list of moments. `a` and `l` are of HTTP and replay; `n` cannot exist where emitted records
/// are rows of the effect's own transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moment {
    /// b: enqueued, not acknowledged: an emitted record of a handler without a store.
    Enqueued,
    /// c: fetched, not claimed.
    Fetched,
    /// d: claimed, effect not started.
    Claimed,
    /// e: effect done, not marked: the handler has returned.
    Effect,
    /// f: marked, not committed: a commit is on its way.
    Marked,
    /// g: waiting for its next attempt.
    Waiting,
    /// h: the dead letter is being published.
    DeadLetter,
    /// i: partitions are being given back.
    Revoke,
    /// j: drain at a shutdown.
    Shutdown,
    /// k: joining, and taking over what an earlier owner has left.
    TakeOver,
    /// m: effect and marker durable, emitted event not acknowledged.
    Owed,
    /// o: dead letter acknowledged, `Dead` not marked.
    DeadMark,
}

impl Moment {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Enqueued,
        Self::Fetched,
        Self::Claimed,
        Self::Effect,
        Self::Marked,
        Self::Waiting,
        Self::DeadLetter,
        Self::Revoke,
        Self::Shutdown,
        Self::TakeOver,
        Self::Owed,
        Self::DeadMark,
    ];

    /// Its letter.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Enqueued => 'b',
            Self::Fetched => 'c',
            Self::Claimed => 'd',
            Self::Effect => 'e',
            Self::Marked => 'f',
            Self::Waiting => 'g',
            Self::DeadLetter => 'h',
            Self::Revoke => 'i',
            Self::Shutdown => 'j',
            Self::TakeOver => 'k',
            Self::Owed => 'm',
            Self::DeadMark => 'o',
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.letter().encode_utf8(&mut [0; 4]))
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// F1: the process is killed.
    Crash,
    /// F2: the process is stopped past its session, then goes on.
    Zombie,
    /// F3: the process is asked to stop; another one takes its place.
    Restart,
    /// F4: the broker is away for a while.
    BrokerAway,
    /// F5: commits are refused for a while.
    CoordinatorMoves,
    /// F6: a member joins, and leaves again.
    Rebalance,
    /// F7: the answer comes late.
    Slow,
    /// F7: the process hears nothing of the brokers, and they nothing of it, past its session; it works on.
    CutOff,
    /// F8: the call is refused.
    Refused,
    /// F8, F11: the call acts, and its answer is lost.
    ReplyLost,
    /// F10, F13: the store of effects is away for a while.
    StoreAway,
    /// F21: the wall clock jumps by an hour.
    ClockJump,
    /// F22: a topic gets more partitions while members read it.
    Grow,
    /// F22: records are deleted: what is finished, or what nobody has read yet.
    Retention,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Crash,
        Self::Zombie,
        Self::Restart,
        Self::BrokerAway,
        Self::CoordinatorMoves,
        Self::Rebalance,
        Self::Slow,
        Self::CutOff,
        Self::Refused,
        Self::ReplyLost,
        Self::StoreAway,
        Self::ClockJump,
        Self::Grow,
        Self::Retention,
    ];

    /// What happens to the topics themselves.
    pub const OF_THE_LOG: [Self; 2] = [Self::Grow, Self::Retention];

    /// Whether it is survived whatever the routes do. That is not so of a topic that grows, as the order of a key
    /// does not span it (rule 12), nor of records that are deleted before they are read.
    pub(super) const fn is_for_strangers(self) -> bool {
        !matches!(self, Self::Grow | Self::Retention)
    }

    /// Whether it can hit at that moment: a call can only be refused, or lose its answer, where there is a call.
    #[must_use]
    pub const fn can_hit(self, moment: Moment) -> bool {
        let calls = matches!(
            moment,
            Moment::Enqueued
                | Moment::Effect
                | Moment::Marked
                | Moment::DeadLetter
                | Moment::Owed
                | Moment::DeadMark
        );
        match self {
            Self::Refused => calls || matches!(moment, Moment::TakeOver),
            Self::ReplyLost => calls,
            // What leaves is not asked to leave once more.
            Self::Restart => !matches!(moment, Moment::Shutdown | Moment::TakeOver),
            Self::Slow => !matches!(moment, Moment::Waiting | Moment::Revoke),
            // Who is about to join or to leave has nothing that could be taken away.
            Self::CutOff => !matches!(moment, Moment::Shutdown | Moment::TakeOver),
            _ => true,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Crash => "F1 crash",
            Self::Zombie => "F2 zombie",
            Self::Restart => "F3 restart",
            Self::BrokerAway => "F4 broker away",
            Self::CoordinatorMoves => "F5 coordinator",
            Self::Rebalance => "F6 rebalance",
            Self::Slow => "F7 slow",
            Self::CutOff => "F7 cut off",
            Self::Refused => "F8 refused",
            Self::ReplyLost => "F8 reply lost",
            Self::StoreAway => "F10 store away",
            Self::ClockJump => "F21 clock",
            Self::Grow => "F22 grows",
            Self::Retention => "F22 retention",
        };
        f.pad(name)
    }
}

//! The kinds of events, by name.

use crate::events::RuntimeEvent;

macro_rules! kinds {
    ($($variant:ident $name:literal)*) => {
        impl RuntimeEvent {
            /// The names of all kinds.
            pub const KINDS: &'static [&'static str] = &[$($name),*];

            /// What kind of event it is, as metrics name it: one of [`KINDS`](Self::KINDS).
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $name,)*
                }
            }
        }
    };
}

kinds! {
    Started "started"
    Ended "ended"
    Settled "settled"
    Retrying "retrying"
    Restoring "restoring"
    Restored "restored"
    RestoreFailed "restore_failed"
    Parked "parked"
    Scheduled "scheduled"
    Recalled "recalled"
    KeyCrowded "key_crowded"
    KeyHeld "key_held"
    KeyReleased "key_released"
    RecallFailed "recall_failed"
    StaleEntry "stale_entry"
    OrphanEntry "orphan_entry"
    OutagePaused "outage_paused"
    OutageAlarm "outage_alarm"
    OutageOver "outage_over"
    SettleStalled "settle_stalled"
    CommitFailed "commit_failed"
    OwnFailed "own_failed"
    Fenced "fenced"
    LeaseExpired "lease_expired"
    LeaseRenewed "lease_renewed"
    PartitionStuck "partition_stuck"
    PartitionMoves "partition_moves"
    PartitionSilent "partition_silent"
    SilenceOver "silence_over"
    CorruptBatch "corrupt_batch"
    CorruptBatchOver "corrupt_batch_over"
    LoopLate "loop_late"
    PollExceeded "poll_exceeded"
    TopicGone "topic_gone"
    TopicBack "topic_back"
    LaneStuck "lane_stuck"
    LaneFree "lane_free"
    Redelivered "redelivered"
    CommitVoid "commit_void"
    MetadataIgnored "metadata_ignored"
    OutOfRange "out_of_range"
    DeadHandlerGivenUp "dead_handler_given_up"
}

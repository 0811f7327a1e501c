//! Every fault, and the cases that must catch it.

use super::Fault;
use super::commits::{
    ChangesCommits, ForgetsCommitsInACrash, RefusesTheWholeCall, TakesLateCommits, commit_past,
    forget_metadata,
};
use super::groups::{
    AnswersRevokesItself, ForgetsPausesInARebalance, StarvesTheRetained, TakesAnyTicket,
    WaitsForTheSilent,
};
use super::keeping::{LeavesOut, MakesPlainTopics, leave_out_newer, leave_out_tombstones};
use super::members::{
    DeliversBeforeStart, DeliversTwice, IgnoresPauses, JumpsToTheStart, LosesADroppedPoll, Members,
    SkipsAfterResume, StartsOnce,
};
use super::publishing::{
    AcksBeforeItIsDurable, AnswersForTheBatch, ChangesRecords, LosesTheLastAcked, ReordersABatch,
    WritesWhenAwaited, drop_repeated_headers, fill_null_keys, fill_null_values, forget_the_time,
    ignore_the_partition,
};
use super::reading::{
    BelievesThatTimesRise, CountsOnContiguousOffsets, ForgetsItsIdentity, JumpsIntoRange,
    ReadsWithoutLimits, SleepsThroughArrivals, StaysOpen,
};

/// Every way in which a broker is broken here.
#[must_use]
pub fn faults() -> &'static [Fault] {
    FAULTS
}

const FAULTS: &[Fault] = &[
    Fault {
        name: "loses_the_last_acked",
        must_fail: &["order_within_a_partition", "acks_tell_what_is_read"],
        twist: || Box::new(LosesTheLastAcked),
    },
    Fault {
        name: "reorders_a_batch",
        must_fail: &["order_within_a_partition", "publishes_in_flight_keep_order"],
        twist: || Box::new(ReordersABatch),
    },
    Fault {
        name: "drops_repeated_headers",
        must_fail: &["headers_byte_for_byte"],
        twist: || Box::new(ChangesRecords(drop_repeated_headers)),
    },
    Fault {
        name: "makes_null_values_empty",
        must_fail: &["null_value_is_not_an_empty_value"],
        twist: || Box::new(ChangesRecords(fill_null_values)),
    },
    Fault {
        name: "makes_null_keys_empty",
        must_fail: &["null_key_is_not_an_empty_key", "a_compacted_topic_wants_keys"],
        twist: || Box::new(ChangesRecords(fill_null_keys)),
    },
    Fault {
        name: "ignores_the_partition",
        must_fail: &["explicit_partition_beats_the_key", "keys_choose_partitions_as_java_does"],
        twist: || Box::new(ChangesRecords(ignore_the_partition)),
    },
    Fault {
        name: "forgets_the_time",
        must_fail: &["given_timestamps_are_kept", "offset_for_a_time"],
        twist: || Box::new(ChangesRecords(forget_the_time)),
    },
    Fault {
        name: "answers_for_the_batch",
        must_fail: &["too_large_is_refused_alone"],
        twist: || Box::new(AnswersForTheBatch),
    },
    Fault {
        name: "writes_when_awaited",
        must_fail: &["a_dropped_ack_cancels_nothing", "publishes_in_flight_keep_order"],
        twist: || Box::new(WritesWhenAwaited),
    },
    Fault {
        name: "acks_before_it_is_durable",
        must_fail: &["acknowledged_means_durable"],
        twist: || Box::<AcksBeforeItIsDurable>::default(),
    },
    Fault {
        name: "jumps_into_range",
        must_fail: &["fetch_out_of_range_is_an_error"],
        twist: || Box::new(JumpsIntoRange),
    },
    Fault {
        name: "counts_on_contiguous_offsets",
        must_fail: &["fetch_passes_a_gap", "compaction_keeps_the_newest_of_each_key"],
        twist: || Box::new(CountsOnContiguousOffsets),
    },
    Fault {
        name: "makes_plain_topics",
        must_fail: &[
            "compaction_keeps_the_newest_of_each_key",
            "old_records_go",
            "topics_show_what_keeps_their_records",
        ],
        twist: || Box::new(MakesPlainTopics),
    },
    Fault {
        name: "keeps_the_oldest_of_a_key",
        must_fail: &["compaction_keeps_the_newest_of_each_key"],
        twist: || Box::new(LeavesOut(leave_out_newer)),
    },
    Fault {
        name: "leaves_out_tombstones",
        must_fail: &["a_tombstone_removes_what_is_older_and_stays"],
        twist: || Box::new(LeavesOut(leave_out_tombstones)),
    },
    Fault {
        name: "reads_without_limits",
        must_fail: &["fetch_keeps_to_the_record_limit", "fetch_keeps_to_the_byte_limit"],
        twist: || Box::new(ReadsWithoutLimits),
    },
    Fault {
        name: "forgets_its_identity",
        must_fail: &["cluster_id_is_kept"],
        twist: || Box::<ForgetsItsIdentity>::default(),
    },
    Fault {
        name: "sleeps_through_arrivals",
        must_fail: &["fetch_wakes_on_arrival"],
        twist: || Box::new(SleepsThroughArrivals),
    },
    Fault {
        name: "believes_that_times_rise",
        must_fail: &["offset_for_a_time_among_unordered_times"],
        twist: || Box::new(BelievesThatTimesRise),
    },
    Fault {
        name: "stays_open",
        must_fail: &["a_closed_broker_says_so"],
        twist: || Box::new(StaysOpen),
    },
    Fault {
        name: "delivers_twice",
        must_fail: &["one_member_gets_everything"],
        twist: || Box::new(Members(DeliversTwice::default)),
    },
    Fault {
        name: "delivers_before_start",
        must_fail: &["nothing_is_delivered_before_start"],
        twist: || Box::new(Members(|| DeliversBeforeStart)),
    },
    Fault {
        name: "skips_after_resume",
        must_fail: &["pausing_often_loses_nothing"],
        twist: || Box::new(Members(SkipsAfterResume::default)),
    },
    Fault {
        name: "ignores_pauses",
        must_fail: &["pause_and_resume_keep_what_is_buffered"],
        twist: || Box::new(Members(|| IgnoresPauses)),
    },
    Fault {
        name: "loses_a_dropped_poll",
        must_fail: &["poll_is_cancel_safe"],
        twist: || Box::new(Members(|| LosesADroppedPoll)),
    },
    Fault {
        name: "jumps_to_the_start",
        must_fail: &["start_out_of_range_is_an_event"],
        twist: || Box::new(Members(|| JumpsToTheStart)),
    },
    Fault {
        name: "starts_once",
        must_fail: &["starting_again_discards_what_was_fetched"],
        twist: || Box::new(Members(StartsOnce::default)),
    },
    Fault {
        name: "answers_revokes_itself",
        must_fail: &["revoke_drains_then_commits"],
        twist: || Box::new(Members(|| AnswersRevokesItself)),
    },
    Fault {
        name: "takes_any_ticket",
        must_fail: &["an_old_ticket_answers_nothing"],
        twist: || Box::new(Members(TakesAnyTicket::default)),
    },
    Fault {
        name: "starves_the_retained",
        must_fail: &["retained_partitions_keep_delivering"],
        twist: || Box::new(Members(StarvesTheRetained::default)),
    },
    Fault {
        name: "forgets_pauses_in_a_rebalance",
        must_fail: &["a_pause_outlives_a_rebalance"],
        twist: || Box::new(Members(ForgetsPausesInARebalance::default)),
    },
    Fault {
        name: "waits_for_the_silent",
        must_fail: &["a_member_that_does_not_poll_is_put_out"],
        twist: || Box::new(WaitsForTheSilent),
    },
    Fault {
        name: "forgets_metadata",
        must_fail: &["commit_metadata_round_trip"],
        twist: || Box::new(Members(|| ChangesCommits(forget_metadata))),
    },
    Fault {
        name: "commits_past",
        must_fail: &["resume_from_committed"],
        twist: || Box::new(Members(|| ChangesCommits(commit_past))),
    },
    Fault {
        name: "takes_late_commits",
        must_fail: &[
            "only_the_owner_commits",
            "what_was_given_back_cannot_be_committed",
            "lost_never_commits",
            "an_older_generation_cannot_commit",
        ],
        twist: || Box::new(Members(|| TakesLateCommits)),
    },
    Fault {
        name: "refuses_the_whole_commit",
        must_fail: &["only_the_owner_commits"],
        twist: || Box::new(Members(|| RefusesTheWholeCall)),
    },
    Fault {
        name: "forgets_commits_in_a_crash",
        must_fail: &["a_commit_is_durable"],
        twist: || Box::<ForgetsCommitsInACrash>::default(),
    },
];

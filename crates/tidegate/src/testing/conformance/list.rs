//! The one list of cases. An implementation that passes all of it keeps the contract.

use std::fmt;

use super::cases::{
    admin, bounds, commits, delivery, durability, fetching, gaps, handover, keeping, membership,
    partitioning, pausing, publishing, records, several, sizes, start, times, zombies,
};
use super::check::Outcome;
use super::lab::Lab;
use crate::broker::BoxFuture;

/// One promise of the contract, as a test.
pub struct Case {
    /// Names it in tables and in guarantees that cite it.
    pub name: &'static str,
    /// Whether it restarts the broker, so that no other case may run beside it.
    pub(super) alone: bool,
    pub(super) examine: for<'a> fn(Lab<'a>) -> BoxFuture<'a, Outcome>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

/// Every case, in the order of the table.
#[must_use]
pub fn cases() -> &'static [Case] {
    CASES
}

macro_rules! list {
    (together { $($module:ident :: $case:ident,)+ } alone { $($m:ident :: $c:ident,)+ }) => {
        &[
            $(Case {
                name: stringify!($case),
                alone: false,
                examine: |lab| Box::pin($module::$case(lab)),
            },)+
            $(Case { name: stringify!($c), alone: true, examine: |lab| Box::pin($m::$c(lab)) },)+
        ]
    };
}

const CASES: &[Case] = list![
    together {
        records::order_within_a_partition,
        records::headers_byte_for_byte,
        records::null_key_is_not_an_empty_key,
        records::null_value_is_not_an_empty_value,
        records::given_timestamps_are_kept,
        records::missing_timestamps_are_now,
        partitioning::keys_choose_partitions_as_java_does,
        partitioning::explicit_partition_beats_the_key,
        partitioning::records_without_a_key_are_found_where_acked,
        partitioning::a_batch_may_go_to_many_partitions,
        sizes::a_record_of_one_megabyte,
        sizes::too_large_is_refused_alone,
        sizes::a_topic_may_have_its_own_limit,
        publishing::acks_tell_what_is_read,
        publishing::an_empty_batch_is_fine,
        publishing::unknown_topic_is_refused,
        publishing::unknown_partition_is_refused,
        publishing::publishes_in_flight_keep_order,
        publishing::a_dropped_ack_cancels_nothing,
        publishing::parallel_publishers_keep_their_own_order,
        fetching::fetch_keeps_to_the_record_limit,
        fetching::fetch_keeps_to_the_byte_limit,
        fetching::fetch_at_the_end_answers_with_nothing,
        fetching::fetch_wakes_on_arrival,
        fetching::tailing_sees_every_record,
        fetching::watermarks_follow_the_log,
        fetching::fetch_out_of_range_is_an_error,
        fetching::questions_about_the_unknown_are_refused,
        several::fetch_any_brings_each_partition_in_order,
        several::fetch_any_says_which_partition_is_out_of_range,
        times::offset_for_a_time,
        times::offset_for_a_time_among_unordered_times,
        times::offset_for_a_time_is_never_a_deleted_one,
        bounds::deleting_records_moves_the_start,
        bounds::offsets_are_never_given_twice,
        bounds::deleting_beyond_the_end_is_refused,
        gaps::fetch_passes_a_gap,
        gaps::fetch_passes_a_gap_at_the_end,
        gaps::members_pass_a_gap,
        gaps::a_commit_may_stand_in_a_gap,
        keeping::compaction_keeps_the_newest_of_each_key,
        keeping::what_was_compacted_is_passed,
        keeping::a_compacted_topic_wants_keys,
        keeping::a_tombstone_removes_what_is_older_and_stays,
        keeping::old_records_go,
        keeping::topics_show_what_keeps_their_records,
        admin::topics_are_listed,
        admin::an_existing_topic_is_refused,
        admin::a_topic_needs_a_partition,
        admin::groups_are_listed_with_members,
        admin::commits_are_listed,
        admin::lag_with_and_without_commits,
        admin::lag_of_an_unknown_topic_is_refused,
        admin::a_running_broker_is_healthy,
        delivery::one_member_gets_everything,
        delivery::two_groups_each_get_everything,
        delivery::records_that_arrive_wake_a_member,
        delivery::poll_keeps_to_its_limits,
        delivery::a_large_record_passes_a_small_poll_limit,
        delivery::poll_is_cancel_safe,
        start::nothing_is_delivered_before_start,
        start::start_positions,
        start::start_out_of_range_is_an_event,
        start::starting_again_discards_what_was_fetched,
        start::a_commit_below_the_start_is_an_event,
        start::deletion_under_a_reader_is_no_jump,
        pausing::pause_and_resume_keep_what_is_buffered,
        pausing::a_pause_leaves_others_flowing,
        pausing::pausing_often_loses_nothing,
        pausing::a_start_ends_a_pause,
        pausing::a_paused_member_keeps_its_place,
        pausing::a_pause_outlives_a_rebalance,
        membership::two_members_split_and_split_again,
        membership::a_third_member_gets_a_share,
        membership::a_member_too_many_waits_its_turn,
        membership::a_member_may_read_two_topics,
        membership::members_own_only_what_they_asked_for,
        membership::joining_for_an_unknown_topic_is_refused,
        membership::a_drain_deadline_must_fit,
        membership::a_member_that_left_cannot_commit,
        membership::a_dropped_members_partitions_move,
        handover::retained_partitions_keep_delivering,
        handover::revoke_drains_then_commits,
        handover::what_was_given_back_cannot_be_committed,
        handover::an_old_ticket_answers_nothing,
        handover::coming_and_going_loses_and_repeats_nothing,
        zombies::an_unanswered_revoke_is_lost,
        zombies::lost_never_commits,
        zombies::a_late_answer_is_harmless,
        zombies::a_member_that_does_not_poll_is_put_out,
        zombies::an_older_generation_cannot_commit,
        zombies::a_member_that_was_put_out_may_return,
        commits::commit_metadata_round_trip,
        commits::too_much_metadata_is_refused,
        commits::resume_from_committed,
        commits::no_commit_is_not_a_commit_of_zero,
        commits::groups_do_not_share_commits,
        commits::a_commit_beyond_the_end_is_refused,
        commits::only_the_owner_commits,
        commits::polling_goes_on_during_a_commit,
    }
    alone {
        durability::acknowledged_means_durable,
        durability::a_commit_is_durable,
        durability::topics_are_durable,
        durability::deleted_stays_deleted,
        keeping::what_was_compacted_stays_so,
        durability::cluster_id_is_kept,
        durability::a_closed_broker_says_so,
    }
];

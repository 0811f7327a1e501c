//! The invariants, each on its own: what must hold at every commit, at every attempt, and at the end.
//!
//! Each is asked by the world at the step that it is about, unless a test leaves it out by name.

mod i1;
mod i10;
mod i2;
mod i3;
mod i4;
mod i5;
mod i6;
mod i7;
mod rule_10;
mod rule_11;
mod rule_13;
mod rule_21;
mod rule_22;
mod rule_31;

pub(super) use i1::i1_what_is_acknowledged_is_in_the_log;
pub(super) use i2::i2_nothing_unfinished_is_committed;
pub(super) use i3::i3_order_is_kept;
pub(super) use i4::{
    i4_an_effect_happens_once, i4_repeats_only_what_was_cut_off, i4_what_is_covered_is_not_begun,
};
pub(super) use i5::{i5_everything_has_ended, i5_what_ends_was_held};
pub(super) use i6::{i6_memory_is_bounded, i6_what_is_given_is_wanted};
pub(super) use i7::{
    i7_it_ends_in_time, i7_lost_records_end_it, i7_nobody_spins, i7_what_can_be_read_is_read,
};
pub(super) use i10::i10_commits_never_move_back;
pub(super) use rule_10::{rule_10_nothing_begins_unproven, rule_10_nothing_starts_unproven};
pub(super) use rule_11::rule_11_a_drain_commits_what_is_done;
pub(super) use rule_13::{
    rule_13_a_call_ends_with_its_attempt, rule_13_a_dead_handler_ends_with_its_call,
};
pub(super) use rule_21::rule_21_failures_are_not_forgotten;
pub(super) use rule_22::rule_22_what_is_struck_is_finished;
pub(super) use rule_31::{rule_31_dead_letters_do_not_double, rule_31_what_is_dead_is_not_begun};

/// The checks by name; a test leaves one out to see that it is needed.
pub const ALL: [&str; 15] = [
    "I1",
    "I2",
    "I3",
    "I4",
    "I5",
    "I6",
    "I7",
    "I10",
    "rule 10",
    "rule 11",
    "rule 13",
    "dead handler",
    "rule 21",
    "rule 22",
    "rule 31",
];

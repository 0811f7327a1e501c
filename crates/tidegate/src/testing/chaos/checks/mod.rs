//! The invariants, each on its own: what must hold at every commit, at every attempt, and at the end.

mod commits;
mod end;
mod order;
mod repeats;

pub(super) use commits::{i2_nothing_unfinished_is_committed, i10_commits_never_move_back};
pub(super) use end::{i5_everything_has_ended, i6_memory_is_bounded};
pub(super) use order::i3_order_is_kept;
pub(super) use repeats::{
    i4_repeats_only_what_was_cut_off, rule_8_what_is_covered_is_not_repeated,
    rule_11_a_drain_commits_what_is_done,
};

/// The checks by name; a test leaves one out to see that it is needed.
pub const ALL: [&str; 9] = ["I2", "I3", "I4", "I5", "I6", "I7", "I10", "rule 8", "rule 11"];

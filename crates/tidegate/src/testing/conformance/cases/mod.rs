//! The cases, by what they are about. `../list.rs` is the one list of them.

pub(super) mod admin;
pub(super) mod bounds;
pub(super) mod commits;
pub(super) mod delivery;
pub(super) mod durability;
pub(super) mod fetching;
pub(super) mod gaps;
pub(super) mod handover;
pub(super) mod keeping;
pub(super) mod membership;
pub(super) mod partitioning;
pub(super) mod pausing;
pub(super) mod publishing;
pub(super) mod records;
pub(super) mod several;
pub(super) mod sizes;
pub(super) mod start;
pub(super) mod times;
pub(super) mod zombies;

/// What every case needs.
mod prelude {
    pub(super) use crate::message::{NewRecord, Offset, TopicPartition};
    pub(super) use crate::testing::conformance::check::{
        Failed, Outcome, ensure, ensure_eq, ensure_matches,
    };
    pub(super) use crate::testing::conformance::lab::{
        Lab, numbered, numbers, offsets, partition, record_to, values,
    };
}

//! Sending dead letters back: the parts that every tool for operators needs.
//!
//! ```text
//!  dead-letter topic ──NewestFirst──▶ letters ──Status::of──▶ dead · replayed · resolved · superseded
//!                                        │           ▲
//!                                        │           └── markers of the group ([`Markers`]), what was sent back
//!                                        └──Letter::replay──▶ origin's topic and partition, aimed at one group
//! ```
//!
//! A replay changes no marker: the partition's owner decides what a replayed record does (rule 31), so two replays of
//! one letter may race, and one of them is a duplicate. Letters are read and made into replays by
//! [`Letter`](crate::dead_letter::Letter).

mod scan;
mod status;

pub use scan::{NewestFirst, partitions};
pub use status::{Evidence, Markers, Origins, Status, UnknownStatus};

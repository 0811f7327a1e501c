//! Sending dead letters back: the parts that every tool for operators needs.
//!
//! ```text
//!  dead-letter topic ──NewestFirst──▶ letters ──Status::of──▶ dead · replayed · resolved · superseded
//!                                        │           ▲
//!                                        │           └── markers of the group ([`Markers`]), what was sent back
//!                                        └──replay_record──▶ origin's topic and partition, aimed at one group
//! ```
//!
//! A replay changes no marker: the partition's owner decides what a replayed record does (rule 31), so two replays of
//! one letter may race, and one of them is a duplicate.

mod coordinates;
mod record;
mod scan;
mod status;

pub use coordinates::{BadCoordinates, Coordinates};
pub use record::{Unreplayable, replay_record};
pub use scan::{NewestFirst, partitions};
pub use status::{Evidence, Markers, Origins, Status, UnknownStatus};

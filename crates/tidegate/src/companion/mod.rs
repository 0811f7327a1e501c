//! Companion topics: what a group knows of each partition of a source topic beyond the records themselves, in a compacted
//! topic with as many partitions (rules 22, 24).
//!
//! ```text
//!            entry: Scribe                topic: made and checked at the start
//!   schedule ── entry, tombstone ──▶ ┌────────────────────────────┐
//!                                    │ partition n of a companion │
//!   schedule ◀── read ── Chunk ◀──── └────────────────────────────┘
//!                      tail: from the log start, then for ever
//! ```
//!
//! The [`tail`] brings records, whatever they say; [`entry`] is what those of the retry schedule say.

pub(crate) mod entry;
pub(crate) mod tail;
pub(crate) mod topic;

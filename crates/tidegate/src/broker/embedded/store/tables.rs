//! What is where in the file. All keys of a partition are neighbours, in offset order.
//!
//! ```text
//!   meta     name                       -> bytes         format, cluster_id
//!   topics   name                       -> id, partitions, largest record
//!   batches  topic id, partition, base  -> batch         see `batch`
//!   times    topic id, partition, base  -> newest timestamp of the batch, newest up to it
//!   bounds   topic id, partition        -> start, end    survives the deletion of all records
//!   commits  group, topic id, partition -> offset, metadata
//!   keeping  topic id                   -> compacted, retention in milliseconds
//!   clean    topic id, partition        -> how far a compacted partition is clean; see `clean`
//! ```
//!
//! Format 1 had neither `keeping` nor `clean`, and no batches with gaps: a file of it gets the two tables when it is opened.

use redb::TableDefinition;

/// Topic id and partition.
pub(in crate::broker::embedded) type Place = (u32, u32);
/// Place and base offset.
pub(in crate::broker::embedded) type BatchKey = (u32, u32, u64);

/// The version of this layout. A file with a higher one is refused.
pub(in crate::broker::embedded) const FORMAT: u32 = 2;

pub(in crate::broker::embedded) const META: TableDefinition<&str, &[u8]> =
    TableDefinition::new("meta");
pub(in crate::broker::embedded) const TOPICS: TableDefinition<&str, (u32, u32, u64)> =
    TableDefinition::new("topics");
pub(in crate::broker::embedded) const BATCHES: TableDefinition<BatchKey, &[u8]> =
    TableDefinition::new("batches");
pub(in crate::broker::embedded) const TIMES: TableDefinition<BatchKey, (i64, i64)> =
    TableDefinition::new("times");
pub(in crate::broker::embedded) const BOUNDS: TableDefinition<Place, (u64, u64)> =
    TableDefinition::new("bounds");
pub(in crate::broker::embedded) const COMMITS: TableDefinition<(&str, u32, u32), (u64, &str)> =
    TableDefinition::new("commits");

pub(in crate::broker::embedded) const KEEPING: TableDefinition<u32, (bool, i64)> =
    TableDefinition::new("keeping");
pub(in crate::broker::embedded) const CLEAN: TableDefinition<Place, super::clean::Row> =
    TableDefinition::new("clean");

/// Every key of a partition's batches.
pub(in crate::broker::embedded) fn all_of(place: Place) -> std::ops::RangeInclusive<BatchKey> {
    (place.0, place.1, 0)..=(place.0, place.1, u64::MAX)
}

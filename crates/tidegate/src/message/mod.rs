//! What travels: records as a partition holds them, and records on their way in.
//!
//! Names and shapes are Kafka's. A [`Record`] is what a broker gives back: it has a place
//! ([`TopicPartition`], [`Offset`]) and a time. A [`NewRecord`] is what a publisher hands in: the
//! partition may be left to the key. Bytes are never changed on the way: what was published is
//! what is read (conformance case `headers_byte_for_byte`).

mod new_record;
mod place;
mod record;
mod topic_id;
mod topic_name;

pub use new_record::NewRecord;
pub use place::{Offset, Partition, Timestamp, TopicPartition};
pub use record::Record;
pub use topic_id::{InvalidTopicId, TopicId};
pub use topic_name::{InvalidTopicName, TopicName};

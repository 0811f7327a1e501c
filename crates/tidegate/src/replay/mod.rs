//! Sending dead letters back.
mod scan;
pub use scan::{NewestFirst, partitions};

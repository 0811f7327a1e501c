//! What the benchmark programs share: rows, ratios of two sides that take turns, and the table.

pub(crate) mod only;
pub(crate) mod pairs;
pub(crate) mod rows;
pub(crate) mod summary;

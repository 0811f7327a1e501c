//! Which records wait for which.

/// The unit of order of a handler (rule 23): no later record of the same unit passes a failing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Order {
    /// The partition: one record at a time, in offset order; a failing one holds all behind it until it is settled.
    #[default]
    Partition,
    /// Nothing waits: records run side by side, and a failing one waits in memory while others go on.
    None,
}

//! Which records wait for which.

/// The unit of order of a handler (rule 23): no later record of the same unit passes a failing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Order {
    /// The record's key: records of one key run one at a time, in offset order, whichever of the topic's handlers take
    /// them; a failing one holds those behind it, and no other key. A record without a key waits for nobody.
    #[default]
    Key,
    /// The partition: one record at a time, in offset order, behind all ordered records before it; a failing one holds
    /// everything behind it until it is settled.
    Partition,
    /// Nothing waits: records run side by side, and a failing one waits in memory while others go on.
    None,
}

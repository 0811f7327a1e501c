//! Where a group begins that has committed nothing yet.

use crate::message::Offset;

/// Where to begin in a partition without a commit. Chosen by the user; there is no default (rule 7).
///
/// Once the group has committed, the commit decides and this is not looked at any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StartFrom {
    /// The first record that the log still holds.
    Earliest,
    /// What arrives after the partition was assigned; what is there already is never read.
    Latest,
    /// This offset of every partition; refused when the log does not hold it.
    At(Offset),
}

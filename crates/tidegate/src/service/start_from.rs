//! Where a group begins that has committed nothing yet.

use crate::message::Timestamp;

/// Where to begin in a partition without a commit. Chosen by the user; there is no default (rule 7).
///
/// Once the group has committed, the commit decides and this is not looked at any more. A commit that lies outside
/// of the log is refused loudly, never moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartFrom {
    /// The first record that the log still holds.
    Earliest,
    /// What arrives after the partition was first assigned; what is there already is never read. Nor is, when the topic gets
    /// another partition, what comes into it before the group has heard of it.
    Latest,
    /// The first record at or after this time; the end of the log when there is none.
    At(Timestamp),
}

/// The state of a [`Service`](super::Service) whose start position was not chosen.
#[derive(Debug, Clone, Copy)]
pub struct Unchosen;

/// Says that the start position was chosen.
#[diagnostic::on_unimplemented(
    message = "this service does not know where to start",
    label = "add `.start_from(StartFrom::Earliest)` or `.start_from(StartFrom::Latest)` before running it",
    note = "there is no default: `Latest` would lose what is in the log already, `Earliest` may process years of it"
)]
pub trait Chosen: sealed::Sealed {
    #[doc(hidden)]
    fn start(&self) -> StartFrom;
}

impl Chosen for StartFrom {
    fn start(&self) -> StartFrom {
        *self
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::StartFrom {}
}

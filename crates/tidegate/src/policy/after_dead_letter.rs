//! What becomes of a key whose first record is given up.

/// Whether the later records of a key go on when one of them is dead-lettered (rule 23).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum AfterDeadLetter {
    /// The next record of the key runs.
    #[default]
    Continue,
    /// The key is held: its later records are parked in the retry topic, durably and in order, until an operator lets it go
    /// (`tidegate retry release`). Other keys do not notice. A record without a key holds nothing. Needs [`Order::Key`](super::Order)
    /// and [`Service::retry_topics`](crate::service::Service::retry_topics); else the start is refused (TG0036).
    HoldKey,
}

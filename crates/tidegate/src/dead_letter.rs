//! Dead letters: original bytes and headers, untouched, plus who, where, why and how often.

use crate::class::Failure;
use crate::consumer::core::Attempt;

/// Why and when a record was given up: what the dead-letter handler is told, and the dead letter's headers say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    /// The last failure.
    pub failure: Failure,
    /// Handler calls since the last replay.
    pub attempts: u32,
    /// What is known of them, oldest first.
    pub history: Vec<Attempt>,
}

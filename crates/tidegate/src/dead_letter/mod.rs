//! Dead letters: original bytes and headers, untouched, plus who, where, why and how often.
//!
//! ```text
//!  record ─┬─ key, value, headers in order ─────────────▶ ┌─────────────┐
//!  Death ──┴─ origin, group, handler, class, reason, ───▶ │ dead letter │ ─ Letter::parse ──▶ operators
//!             attempts, history, time                     └─────────────┘ ─ Letter::replay ─▶ source topic
//! ```
//!
//! Rule 32: what the producer wrote is never touched (test `what_the_producer_wrote_comes_back_byte_for_byte`); the
//! *first* origin is kept when a replayed record dies again; the history grows over replays, bounded. The form has a
//! version, and a golden file (`tests/golden/dead-letter-v1.json`).

mod extract;
pub(crate) mod history;
mod letter;
mod origin;
#[cfg(test)]
mod tests;
mod trace;
mod write;

use crate::class::Failure;
use crate::consumer::core::Attempt;

pub use extract::DeadLetter;
pub use letter::{Letter, NotReplayable};
pub use origin::Origin;
pub(crate) use write::rfc3339;
pub use write::{DeadLetterWriter, Detail};

/// The version of the headers that are written. Version n reads n-1.
pub const VERSION: u32 = 1;

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

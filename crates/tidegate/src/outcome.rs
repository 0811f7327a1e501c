//! What a handler's answer means: the decision that settles a record.

use crate::class::Failure;
use crate::emit::Emits;

/// What follows from one attempt. Handlers return something that turns into it ([`IntoOutcome`]); user layers see it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It worked. What it emits is acknowledged before the record's offset is committed (rule 4).
    Done(Emits),
    /// Not meant for this handler, and said so: finished without an effect.
    Skip(&'static str),
    /// It failed; the class decides.
    Failed(Failure),
}

/// Turns what a handler returns into an [`Outcome`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned by a handler",
    label = "return `()`, `Emit<T>`, `Outcome`, or a `Result` of these whose error implements `Classify`",
    note = "an error is a decision here: implement `tidegate::Classify` for the error type"
)]
pub trait IntoOutcome {
    /// The outcome that this value stands for.
    fn into_outcome(self) -> Outcome;
}

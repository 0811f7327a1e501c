//! What a batch handler returns: an outcome for each record, or one for all.

use crate::class::{Class, Classify, Failure};
use crate::emit::Emits;
use crate::outcome::{IntoOutcome, Outcome};

/// Turns what a batch handler returns into outcomes.
///
/// | returned | meaning |
/// |---|---|
/// | `()` | all are done |
/// | `Vec<R>` | one outcome for each record, in the batch's order; `R` as in [`IntoOutcome`] |
/// | `Result<(), E>`, `Result<Vec<R>, E>` | as they say, or failed as a whole with the class that `E` [has](Classify) |
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned by a batch handler",
    label = "return `()`, a `Vec` with an outcome for each record, or a `Result` of these whose error implements `Classify`"
)]
pub trait IntoOutcomes {
    /// The outcomes of so many records, in their order.
    ///
    /// # Errors
    /// The failure of the call as a whole.
    fn into_outcomes(self, records: usize) -> Result<Vec<Outcome>, Failure>;
}

impl IntoOutcomes for () {
    fn into_outcomes(self, records: usize) -> Result<Vec<Outcome>, Failure> {
        Ok((0..records).map(|_| Outcome::Done(Emits::none())).collect())
    }
}

impl<R: IntoOutcome> IntoOutcomes for Vec<R> {
    fn into_outcomes(self, records: usize) -> Result<Vec<Outcome>, Failure> {
        if self.len() != records {
            let message =
                format!("the batch handler gave {} outcomes for {records} records", self.len());
            return Err(Failure::new(Class::Permanent, message));
        }
        Ok(self.into_iter().map(IntoOutcome::into_outcome).collect())
    }
}

impl<E: Classify> IntoOutcomes for Result<(), E> {
    fn into_outcomes(self, records: usize) -> Result<Vec<Outcome>, Failure> {
        self.map_err(Failure::from)?.into_outcomes(records)
    }
}

impl<R: IntoOutcome, E: Classify> IntoOutcomes for Result<Vec<R>, E> {
    fn into_outcomes(self, records: usize) -> Result<Vec<Outcome>, Failure> {
        self.map_err(Failure::from)?.into_outcomes(records)
    }
}

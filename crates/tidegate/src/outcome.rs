//! What a handler's answer means: the decision that settles a record.

use crate::class::{Classify, Failure};
use crate::emit::{Emit, Emits};
use crate::event::Event;

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
///
/// | returned | meaning |
/// |---|---|
/// | `()` | done |
/// | `Emit<T>`, `Option<Emit<T>>`, `Vec<Emit<T>>`, a tuple of these, `Emits` | done, and these events follow |
/// | `Outcome` | as it says |
/// | `Result<one of these, E>` | as it says, or failed with the class that `E` [has](Classify) |
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned by a handler",
    label = "return `()`, `Emit<T>`, `Outcome`, or a `Result` of these whose error implements `Classify`",
    note = "an error is a decision here: implement `tidegate::Classify` for the error type"
)]
pub trait IntoOutcome {
    /// The outcome that this value stands for.
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for Outcome {
    fn into_outcome(self) -> Outcome {
        self
    }
}

impl<R: IntoOutcome, E: Classify> IntoOutcome for Result<R, E> {
    fn into_outcome(self) -> Outcome {
        match self {
            Ok(value) => value.into_outcome(),
            Err(error) => Outcome::Failed(Failure::from(error)),
        }
    }
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Outcome {
        Outcome::Done(Emits::none())
    }
}

impl IntoOutcome for Emits {
    fn into_outcome(self) -> Outcome {
        Outcome::Done(self)
    }
}

/// What can stand in a tuple of emitted events.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an emitted event",
    label = "a tuple that a handler returns holds `Emit<T>`, `Option<Emit<T>>` or `Vec<Emit<T>>`"
)]
pub trait IntoEmits {
    /// Adds its events, in order.
    fn add_to(self, emits: &mut Emits);
}

impl<T: Event> IntoEmits for Emit<T> {
    fn add_to(self, emits: &mut Emits) {
        emits.push(self);
    }
}

impl<T: Event> IntoEmits for Option<Emit<T>> {
    fn add_to(self, emits: &mut Emits) {
        emits.extend(self);
    }
}

impl<T: Event> IntoEmits for Vec<Emit<T>> {
    fn add_to(self, emits: &mut Emits) {
        emits.extend(self);
    }
}

macro_rules! outcome_of_emits {
    ($($shape:ty),*) => {$(
        impl<T: Event> IntoOutcome for $shape {
            fn into_outcome(self) -> Outcome {
                let mut emits = Emits::none();
                self.add_to(&mut emits);
                Outcome::Done(emits)
            }
        }
    )*};
}
outcome_of_emits!(Emit<T>, Option<Emit<T>>, Vec<Emit<T>>);

macro_rules! outcome_of_tuple {
    ($($name:ident),*) => {
        impl<$($name: IntoEmits),*> IntoOutcome for ($($name,)*) {
            fn into_outcome(self) -> Outcome {
                let mut emits = Emits::none();
                #[allow(non_snake_case, reason = "a tuple's fields are named by their types here")]
                let ($($name,)*) = self;
                $($name.add_to(&mut emits);)*
                Outcome::Done(emits)
            }
        }
    };
}
outcome_of_tuple!(A);
outcome_of_tuple!(A, B);
outcome_of_tuple!(A, B, C);
outcome_of_tuple!(A, B, C, D);
outcome_of_tuple!(A, B, C, D, E);
outcome_of_tuple!(A, B, C, D, E, F);

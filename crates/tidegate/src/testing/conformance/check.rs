//! How a case says that something does not hold.

/// What a case answers.
pub(super) type Outcome<T = ()> = Result<T, Failed>;

/// Why a case failed: one sentence for the report.
#[derive(Debug)]
pub(super) struct Failed(String);

impl Failed {
    /// The longest reason: a case may compare a megabyte.
    const MAX_CHARS: usize = 600;

    pub(super) fn new(reason: impl AsRef<str>) -> Self {
        Self(reason.as_ref().chars().take(Self::MAX_CHARS).collect())
    }

    pub(super) fn into_reason(self) -> String {
        self.0
    }
}

/// Lets cases use `?` on every error of the contract.
impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::new(format!("unexpected error: {error}"))
    }
}

/// Fails the case with this sentence unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($reason:tt)+) => {
        if !$condition {
            return Err($crate::testing::conformance::check::Failed::new(format!($($reason)+)));
        }
    };
}

/// Fails the case unless both sides are equal; the sentence says what they are.
macro_rules! ensure_eq {
    ($found:expr, $expected:expr, $($what:tt)+) => {
        match (&$found, &$expected) {
            (found, expected) => ensure!(
                found == expected,
                "{}: found {found:?}, expected {expected:?}",
                format_args!($($what)+)
            ),
        }
    };
}

/// Fails the case unless the value has this shape.
macro_rules! ensure_matches {
    ($found:expr, $pattern:pat $(if $guard:expr)?, $($what:tt)+) => {
        match $found {
            $pattern $(if $guard)? => {}
            ref found => return Err($crate::testing::conformance::check::Failed::new(
                format!("{}: found {found:?}", format_args!($($what)+))
            )),
        }
    };
}

pub(super) use {ensure, ensure_eq, ensure_matches};

//! What kind of failure it is: the one decision that everything after a failed attempt follows from.

mod permanent;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sqlx;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use permanent::Permanent;

/// The class of a failure (rule 18). It decides what happens to the record.
///
/// | class | what happens |
/// |---|---|
/// | `Transient`, `TransientAfter` | tried again by the route's `Retry`, then dead-lettered |
/// | `Permanent` | dead-lettered at once |
/// | `Undecodable` | dead-lettered at once, original bytes untouched |
/// | `Outage` | the partition pauses; no attempt is counted; never dead-lettered |
/// | `Fatal` | the service stops; nothing is committed for the record |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// May work if tried again.
    Transient,
    /// As `Transient`, and not before this delay. Made by [`Class::after`].
    TransientAfter(Duration),
    /// Will never work.
    Permanent,
    /// The bytes are not what the handler takes.
    Undecodable,
    /// Something that the handler depends on is down; named, so that operators see what.
    Outage(&'static str),
    /// Going on would do harm.
    Fatal,
}

impl Class {
    /// For a transient failure: not again before `delay` (a server's `Retry-After`). Other classes stay as they are.
    #[must_use]
    pub const fn after(self, delay: Duration) -> Self {
        match self {
            Self::Transient | Self::TransientAfter(_) => Self::TransientAfter(delay),
            other => other,
        }
    }

    /// The name in headers, logs and metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Transient | Self::TransientAfter(_) => "transient",
            Self::Permanent => "permanent",
            Self::Undecodable => "undecodable",
            Self::Outage(_) => "outage",
            Self::Fatal => "fatal",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Says what class an error has. Every handler error implements it; there is no default.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what class of failure it is",
    label = "implement `tidegate::Classify` for this error: retry it, dead-letter it, or pause?",
    note = "there is no silent default: a boxed error would hide the difference between a declined card and a database that is down"
)]
pub trait Classify: Error {
    /// The class of this failure.
    fn class(&self) -> Class;
}

impl Classify for std::convert::Infallible {
    fn class(&self) -> Class {
        match *self {}
    }
}

/// A failed attempt, as headers, logs and the dead letter tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What follows from it.
    pub class: Class,
    /// One line: the error and its sources, joined by `: `.
    pub message: String,
    /// How it came about.
    pub cause: Cause,
}

impl Failure {
    /// A failure of this class that the handler did not return itself.
    pub(crate) fn new(class: Class, message: impl AsRef<str>) -> Self {
        Self { class, message: one_line(message.as_ref()), cause: Cause::Error }
    }
}

impl<E: Classify> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(error.class(), chain(&error))
    }
}

/// The error and its sources, joined by `: `. A source that the text ends with already is not said twice.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let said = source.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        next = source.source();
    }
    text
}

/// The longest message that is kept of a failure, in bytes.
const MAX_MESSAGE: usize = 4096;

/// On one line (control characters escaped), and not without end: it goes into headers, logs and metadata.
fn one_line(text: &str) -> String {
    crate::text::escaped(text, MAX_MESSAGE)
}

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The handler returned an error, or its arguments could not be made.
    Error,
    /// The handler panicked: its effect is unknown.
    Panic,
    /// The handler took too long and was cut off: its effect is unknown.
    Timeout,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Broken {
        #[error("the gateway refused")]
        Gateway(#[source] std::io::Error),
        #[error("repeats: {0}")]
        Repeats(#[source] std::io::Error),
        #[error(transparent)]
        Same(#[from] std::io::Error),
    }

    impl Classify for Broken {
        fn class(&self) -> Class {
            Class::Transient
        }
    }

    fn io() -> std::io::Error {
        std::io::Error::other("line is\ndown")
    }

    #[test]
    fn a_failure_tells_the_error_and_its_sources_on_one_line() {
        assert_eq!(
            Failure::from(Broken::Gateway(io())).message,
            "the gateway refused: line is\\ndown"
        );
        assert_eq!(Failure::from(Broken::Same(io())).message, "line is\\ndown");
    }

    #[test]
    fn a_source_that_is_part_of_the_message_is_not_said_twice() {
        assert_eq!(Failure::from(Broken::Repeats(io())).message, "repeats: line is\\ndown");
    }

    #[test]
    fn an_endless_message_is_cut() {
        let failure = Failure::new(Class::Permanent, "é".repeat(10_000));
        assert!(failure.message.len() <= MAX_MESSAGE);
    }

    #[test]
    fn a_delay_is_kept_by_transient_failures_only() {
        let soon = Duration::from_secs(1);
        assert_eq!(Class::Transient.after(soon), Class::TransientAfter(soon));
        assert_eq!(Class::Permanent.after(soon), Class::Permanent);
    }
}

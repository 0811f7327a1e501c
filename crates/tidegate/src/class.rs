//! What kind of failure it is: the one decision that everything after a failed attempt follows from.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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
pub trait Classify: fmt::Display {
    /// The class of this failure.
    fn class(&self) -> Class;
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

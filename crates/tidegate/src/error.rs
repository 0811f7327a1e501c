//! Why a service did not start, or had to stop.

use std::error::Error as _;
use std::fmt;

use crate::broker::{AdminError, BrokerError};
use crate::findings::Finding;
use crate::publisher::PublishError;

/// What a program's `main` can return: shown as plain lines, causes included, also by `Debug`.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The start-up checks found something: all of it, before the group was joined.
    #[error("the service was not started:{}", Lines(.0))]
    Refused(Vec<Finding>),
    /// The group could not be joined, or the broker could not be asked what the start needs to know.
    #[error("group {group} cannot be joined")]
    Join {
        /// The consumer group.
        group: String,
        /// Why.
        source: BrokerError,
    },
    /// The membership has ended and cannot go on.
    #[error("the membership in group {group} has ended")]
    Membership {
        /// The consumer group.
        group: String,
        /// Why.
        source: BrokerError,
    },
    /// Going on would do harm: a handler said `Fatal`, or a start position was refused.
    #[error("the service has stopped: {reason}")]
    Stopped {
        /// What, where, and what to do.
        reason: String,
    },
    /// A second signal came while the service drained: stopped at once. What was running comes again.
    #[error("stopped at once by a second signal: what was not finished will be delivered again")]
    Interrupted,
    /// The process cannot listen for signals.
    #[error("signals cannot be listened for")]
    Signals(#[source] std::io::Error),
    /// A defect of the framework: a task of its own ended in a panic.
    #[error("a task of the runtime panicked: {reason}")]
    Internal {
        /// The panic.
        reason: String,
    },
    /// The service's own code panicked where nothing catches it for the service: an observer, say. It ended like a crash.
    #[error("the service of group {group} panicked: {reason}")]
    Panicked {
        /// The consumer group.
        group: String,
        /// The panic.
        reason: String,
    },
    /// The broker could not be opened or asked.
    #[error("the broker failed")]
    Broker(#[from] BrokerError),
    /// A topic could not be created.
    #[error("a topic cannot be prepared")]
    Admin(#[from] AdminError),
    /// An event was not acknowledged.
    #[error("an event was not published")]
    Publish(#[from] PublishError),
}

impl fmt::Debug for Error {
    /// The message and its causes in one line: what `main` prints when it returns an error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl Error {
    /// Names the group, where nothing else of the error does: several services may be one process.
    pub(crate) fn of_group(self, group: &str) -> Self {
        let named = |reason| format!("group {group}: {reason}");
        match self {
            Self::Stopped { reason } => Self::Stopped { reason: named(reason) },
            Self::Internal { reason } => Self::Internal { reason: named(reason) },
            Self::Refused(found) => {
                Self::Refused(found.into_iter().map(|finding| finding.of_group(group)).collect())
            }
            other => other,
        }
    }
}

struct Lines<'a>(&'a [Finding]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|finding| write!(f, "\n{finding}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_cause_once_as_main_prints_it() {
        let error = Error::from(BrokerError::Closed);
        assert_eq!(format!("{error:?}"), "the broker failed: the broker is closed");
    }

    #[test]
    fn the_group_is_named_once() {
        let stopped = Error::Stopped { reason: "a handler said so".into() }.of_group("billing");
        assert_eq!(
            stopped.to_string(),
            "the service has stopped: group billing: a handler said so"
        );
        let join = Error::Join { group: "billing".into(), source: BrokerError::Closed };
        assert_eq!(join.of_group("billing").to_string(), "group billing cannot be joined");
    }

    #[test]
    fn a_refusal_lists_every_finding_with_code_and_remedy() {
        let finding = |code, message: &str| Finding::new(code, message.to_owned(), "do this");
        let error = Error::Refused(vec![finding("TG0020", "one"), finding("TG0021", "two")]);
        let text = error.to_string();
        for part in ["TG0020 one", "TG0021 two", "remedy: do this"] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }
}

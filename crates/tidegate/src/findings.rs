//! What start-up checks find: all of it at once, each with a code and a remedy, before the group is joined.

use std::fmt;

/// One thing that must be put right before the service can start.
///
/// ```text
/// TG0004 handler `order.created` on topic `orders` uses an inbox, and has no store
///   remedy: give its router a store with `.inbox(store)`
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Names the kind of finding, for good; its page is `docs/errors/<code>.md`.
    pub code: &'static str,
    /// What was found, and where.
    pub message: String,
    /// What to do about it.
    pub remedy: &'static str,
}

impl Finding {
    pub(crate) fn new(code: &'static str, message: String, remedy: &'static str) -> Self {
        Self { code, message, remedy }
    }

    /// Names the group, where several are checked together.
    pub(crate) fn of_group(self, group: &str) -> Self {
        Self { message: format!("group `{group}`: {}", self.message), ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}\n  remedy: {}", self.code, self.message, self.remedy)
    }
}

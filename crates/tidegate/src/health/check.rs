//! What readiness consists of: checks, each with its name, its reasons and its age.

use std::time::Duration;

/// The names in one list, so that none can be left out of [`CheckName::ALL`].
macro_rules! checks {
    ($($(#[$doc:meta])+ $name:ident = $text:literal;)+) => {
        /// What a check looks at. A page of the documentation, `docs/health.md`, says of each what it means and what to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum CheckName {
            $($(#[$doc])+ $name,)+
        }

        impl CheckName {
            /// All of them, in the order in which they are shown.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name in answers and metrics.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

checks! {
    /// Whether the service runs: not while it starts, drains, or when it has ended. Its age is that of the phase.
    Lifecycle = "lifecycle";
    /// Whether it has a partition.
    Assignment = "assignment";
    /// Whether no dependency of a handler is down.
    Outage = "outage";
    /// Whether the stores of effects know it as the owner of its partitions.
    Ownership = "ownership";
    /// Whether the group has accepted a commit lately.
    Lease = "lease";
    /// Whether each partition that has work gets further.
    Progress = "progress";
    /// Whether records come of each partition whose log goes on.
    Silence = "silence";
    /// Whether what comes next of each partition can be read.
    Corruption = "corruption";
    /// Whether no handler keeps its lane's thread.
    Lane = "lane";
    /// Whether what is finished can be settled.
    Settling = "settling";
    /// Whether the member's loop turns.
    Loop = "loop";
    /// Whether the stores could be used when they were asked last: by [`Health::probe`](super::Health::probe), or for metrics. All right while
    /// nobody has asked, and 10 s after the last answer.
    Store = "store";
    /// Whether the topics that are read are there.
    Topic = "topic";
}

impl std::fmt::Display for CheckName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One check's state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// What it looks at.
    pub name: CheckName,
    /// One line each; none: nothing is wrong.
    pub reasons: Vec<String>,
    /// How long it has been all right, or not, on the service's own clock; nothing before it runs. Reasons may change meanwhile.
    pub age: Duration,
}

impl Check {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Whether the service does its work, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    checks: Vec<Check>,
}

impl Readiness {
    pub(super) const fn new(checks: Vec<Check>) -> Self {
        Self { checks }
    }

    /// Whether nothing is in the way.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.checks.iter().all(Check::is_ok)
    }

    /// All checks, each once, in the order of [`CheckName::ALL`].
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// What is in the way, one line each; none: ready.
    pub fn reasons(&self) -> impl Iterator<Item = &str> {
        self.checks.iter().flat_map(|check| &check.reasons).map(String::as_str)
    }

    /// The names of the checks that fail.
    pub fn failing(&self) -> impl Iterator<Item = CheckName> {
        self.checks.iter().filter(|check| !check.is_ok()).map(|check| check.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_and_none_is_there_twice() {
        let mut names = CheckName::ALL.iter().map(|check| check.as_str()).collect::<Vec<_>>();
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase())), "{names:?}");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CheckName::ALL.len());
    }
}

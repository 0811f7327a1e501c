//! What a topic is called.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A topic's name: 1 to 249 characters of `[a-zA-Z0-9._-]`, not `.` or `..` (Kafka's own rule).
///
/// Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicName(Arc<str>);

/// A name that Kafka would refuse as a topic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("topic name {name:?} is not legal: use 1 to 249 of a-z A-Z 0-9 . _ - (and not . or ..)")]
pub struct InvalidTopicName {
    /// The name as it was given.
    pub name: String,
}

impl TopicName {
    /// The longest name that Kafka accepts, in bytes.
    pub const MAX_LEN: usize = 249;

    /// Checks and wraps a name.
    ///
    /// # Errors
    /// [`InvalidTopicName`] when Kafka would refuse it.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidTopicName> {
        let name = name.into();
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let fits = (1..=Self::MAX_LEN).contains(&name.len());
        if !fits || name == "." || name == ".." || !name.chars().all(legal) {
            return Err(InvalidTopicName { name });
        }
        Ok(Self(name.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name that was checked stays legal.
impl From<Infallible> for InvalidTopicName {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl TryFrom<String> for TopicName {
    type Error = InvalidTopicName;
    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl TryFrom<&str> for TopicName {
    type Error = InvalidTopicName;
    fn try_from(name: &str) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl From<TopicName> for String {
    fn from(name: TopicName) -> Self {
        name.0.as_ref().into()
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

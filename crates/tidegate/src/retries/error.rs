//! What goes wrong when a retry topic is looked into.

use crate::broker::{BrokerError, PublishError};
use crate::companion::entry::EntryError;
use crate::companion::tail::TailError;
use crate::message::{Offset, Partition, TopicName};

/// A retry topic that cannot be read, or a key that cannot be let go.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetryTopicError {
    /// There is no such topic.
    #[error("retry topic {0} does not exist")]
    Missing(TopicName),
    /// The broker's own answer.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// It was not written.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// What stands there cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// The record holds no key.
    #[error("record {partition}/{offset} holds no key: it goes on by itself")]
    NotHeld {
        /// Its partition in the source.
        partition: Partition,
        /// Its offset there.
        offset: Offset,
    },
    /// The record's dead letter is written, and the rest of its settling is not.
    #[error(
        "record {partition}/{offset} is not settled yet: try it again in a moment; if it stays so, its partition has no owner"
    )]
    Unsettled {
        /// Its partition in the source.
        partition: Partition,
        /// Its offset there.
        offset: Offset,
    },
}

impl From<EntryError> for RetryTopicError {
    fn from(error: EntryError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl From<TailError> for RetryTopicError {
    fn from(error: TailError) -> Self {
        match error {
            TailError::Broker(error) => Self::Broker(error),
            error @ TailError::MadeAnew { .. } => Self::Unreadable(error.to_string()),
        }
    }
}

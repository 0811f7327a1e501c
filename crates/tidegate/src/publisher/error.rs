//! Why an event was not published.

use crate::broker;
use crate::class::{Class, Classify};
use crate::codec::EncodeError;
use crate::message::InvalidTopicName;

/// An event that was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The topic's name is not legal. Nothing was written.
    #[error(transparent)]
    Topic(#[from] InvalidTopicName),
    /// A header that the framework sets itself. Nothing was written.
    #[error("header `{name}` is set by the framework: give the event's own headers another name")]
    ReservedHeader {
        /// The header.
        name: String,
    },
    /// An id that readers would refuse. Nothing was written.
    #[error("{what} must be 1 to 288 bytes without control characters")]
    InvalidId {
        /// Which one.
        what: &'static str,
    },
    /// The event cannot be written in its format. Nothing was written.
    #[error("`{event_type}` cannot be encoded")]
    Encode {
        /// The event's type.
        event_type: &'static str,
        /// Why.
        #[source]
        source: EncodeError,
    },
    /// The broker refused it, or did not answer.
    #[error(transparent)]
    Broker(#[from] broker::PublishError),
}

impl PublishError {
    /// Whether the event may be in the log although no acknowledgement came: only the same [prepared
    /// event](crate::publisher::PreparedEvent) may be sent again.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Broker(error) if error.is_unknown())
    }
}

/// What the broker may take later is an outage; what it will never take is permanent.
impl Classify for PublishError {
    fn class(&self) -> Class {
        match self {
            Self::Broker(
                broker::PublishError::QueueFull
                | broker::PublishError::Unavailable(_)
                | broker::PublishError::Unknown(_)
                | broker::PublishError::Closed,
            ) => Class::Outage("broker"),
            _ => Class::Permanent,
        }
    }
}

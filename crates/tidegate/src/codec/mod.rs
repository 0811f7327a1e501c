//! From bytes to values and back: the one place that knows a format.
//!
//! A format is a small value that implements [`Decode`] and [`Encode`] for the types it can carry; a topic holds one.
//! Decoding is given bytes that anyone may have written: every input gets a value or an error, never a panic, and an
//! error names the place, never the content (test `an_error_names_the_place_and_never_the_content`).

#[cfg(feature = "json")]
mod json;

use bytes::Bytes;

#[cfg(feature = "json")]
pub use json::Json;

/// A format.
pub trait Codec: Clone + Send + Sync + 'static {
    /// What the bytes say about themselves, for records without headers. Formats that cannot know say nothing.
    ///
    /// # Errors
    /// When the bytes are not of this format.
    fn envelope(&self, bytes: &[u8]) -> Result<Envelope, DecodeError> {
        let _ = bytes;
        Ok(Envelope::default())
    }
}

/// A format that can read a `T`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot read a `{T}`",
    label = "for JSON: derive `serde::Deserialize` for `{T}`"
)]
pub trait Decode<T>: Codec {
    /// Reads one value; nothing may follow it.
    ///
    /// # Errors
    /// When the bytes are not a `T`: what, and where.
    fn decode(&self, bytes: &[u8]) -> Result<T, DecodeError>;
}

/// A format that can write a `T`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot write a `{T}`",
    label = "for JSON: derive `serde::Serialize` for `{T}`"
)]
pub trait Encode<T>: Send + Sync + 'static {
    /// Writes one value. The same value gives the same bytes.
    ///
    /// # Errors
    /// When the value cannot be written in this format.
    fn encode(&self, value: &T) -> Result<Bytes, EncodeError>;
}

/// An event's identity as its body tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope {
    /// The body's `event_type`.
    pub event_type: Option<String>,
    /// The body's `event_id`.
    pub event_id: Option<String>,
    /// The body's `correlation_id`.
    pub correlation_id: Option<String>,
}

/// Bytes that are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(String);

impl DecodeError {
    /// With what is wrong and where; never with content.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// A value that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EncodeError(String);

impl EncodeError {
    /// With what cannot be written, and why.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

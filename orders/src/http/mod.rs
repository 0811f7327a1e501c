//! What all four services share over HTTP: the envelope, correlation, limits, the server.

pub mod correlation;
pub mod envelope;

pub use correlation::Correlation;
pub use envelope::{FieldError, Reply};

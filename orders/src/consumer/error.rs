//! Why an event was not processed, and what follows from it: the one place that decides.

use tidegate::{Class, Classify};

use crate::gateway::client::ChargeError;
use crate::model::ModelError;

/// A failed attempt at an event about an order.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// The event's order breaks a rule.
    #[error("the order is not valid: {0}")]
    Invalid(String),
    /// The gateway.
    #[error(transparent)]
    Charge(#[from] ChargeError),
    /// The transaction.
    #[error("the read model cannot be written")]
    Write(#[from] sqlx::Error),
    /// The look before it.
    #[error(transparent)]
    Read(#[from] ModelError),
    /// Simulated: may heal.
    #[error("simulated: {0}")]
    Transient(String),
    /// Simulated: never heals.
    #[error("simulated: {0}")]
    Permanent(String),
}

impl Classify for ProcessError {
    fn class(&self) -> Class {
        match self {
            Self::Invalid(_) | Self::Permanent(_) => Class::Permanent,
            Self::Transient(_) => Class::Transient,
            Self::Charge(error) => error.class(),
            Self::Write(error) | Self::Read(ModelError::Database(error)) => error.class(),
            // The consumer makes the tables before it joins the group: without them the database was taken away.
            Self::Read(_) => Class::Outage("database"),
        }
    }
}

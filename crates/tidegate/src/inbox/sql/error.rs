//! What a database error means for the store's own statements.

use crate::class::{Class, Classify};
use crate::inbox::StoreError;

/// One place decides ([`Classify`] of `sqlx::Error`): an outage passes, anything else needs somebody.
pub(in crate::inbox) fn store(error: sqlx::Error) -> StoreError {
    let message = told(&error);
    match error.class() {
        Class::Outage(_) | Class::Transient => StoreError::Unavailable(message),
        _ => StoreError::Broken(message),
    }
}

/// What the database said, without the driver's words about where in its own code it said so.
pub(in crate::inbox) fn told(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::PoolTimedOut => {
            "no connection in time: the database cannot be reached, or all connections are in use"
                .to_owned()
        }
        other => other.to_string(),
    }
}

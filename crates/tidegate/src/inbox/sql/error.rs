//! What a database error means for the store's own statements.

use crate::class::{Class, Classify};
use crate::inbox::StoreError;

/// One place decides ([`Classify`] of `sqlx::Error`): an outage passes, anything else needs somebody.
pub(in crate::inbox) fn store(error: sqlx::Error) -> StoreError {
    let message = match &error {
        sqlx::Error::PoolTimedOut => {
            "no connection in time: the database cannot be reached, or all connections are in use"
                .to_owned()
        }
        other => other.to_string(),
    };
    match error.class() {
        Class::Outage(_) | Class::Transient => StoreError::Unavailable(message),
        _ => StoreError::Broken(message),
    }
}

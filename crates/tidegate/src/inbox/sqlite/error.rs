
//! What a database error means for the store's own statements.
//! What a database error means: for the store, and as the class of a handler's failure.
use crate::class::{Class, Classify};
use crate::inbox::StoreError;

/// One place decides ([`Classify`] of `sqlx::Error`): an outage passes, anything else needs somebody.
pub(super) fn store(error: sqlx::Error) -> StoreError {
    let message = error.to_string();
        Class::Outage(_) | Class::Transient => StoreError::Unavailable(message),
        _ => StoreError::Broken(message),
    if is_outage(&error) { StoreError::Unavailable(message) } else { StoreError::Broken(message) }
    match error.class() {
    }
}

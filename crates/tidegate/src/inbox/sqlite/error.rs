//! What a database error means: for the store, and as the class of a handler's failure.

use crate::inbox::StoreError;

/// Whether the database may answer again later: it is locked, full, gone, or busy with others.
fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(db) => db.code().is_some_and(|code| is_transient_code(&code)),
        _ => false,
    }
}

/// SQLite's primary result codes (the low byte): BUSY 5, LOCKED 6, NOMEM 7, READONLY 8, INTERRUPT 9, IOERR 10, FULL 13,
/// CANTOPEN 14, PROTOCOL 15. <https://www.sqlite.org/rescode.html>
fn is_transient_code(code: &str) -> bool {
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5..=10 | 13..=15))
}

/// For the store's own statements.
pub(super) fn store(error: sqlx::Error) -> StoreError {
    let message = error.to_string();
    if is_outage(&error) { StoreError::Unavailable(message) } else { StoreError::Broken(message) }
}

//! What class a database's errors have.

use sqlx::Error;
use sqlx::error::DatabaseError;

use crate::class::{Class, Classify};

/// The name under which a database that is down is reported.
const DATABASE: Class = Class::Outage("database");

/// | failure | class |
/// |---|---|
/// | connection, pool, worker gone; locked, busy, full, read-only, I/O error, corrupt | `Outage("database")` |
/// | constraint, SQL error, missing row or column, value that cannot be encoded or decoded | `Permanent` |
/// | anything else | `Transient`: tried again, and bounded |
#[diagnostic::do_not_recommend]
impl Classify for Error {
    fn class(&self) -> Class {
        match self {
            Self::Io(_)
            | Self::Tls(_)
            | Self::Protocol(_)
            | Self::PoolTimedOut
            | Self::PoolClosed
            | Self::WorkerCrashed
            | Self::BeginFailed => DATABASE,
            Self::Database(error) => of_database(error.as_ref()),
            Self::RowNotFound
            | Self::TypeNotFound { .. }
            | Self::ColumnIndexOutOfBounds { .. }
            | Self::ColumnNotFound(_)
            | Self::ColumnDecode { .. }
            | Self::Encode(_)
            | Self::Decode(_)
            | Self::InvalidArgument(_)
            | Self::InvalidSavePointStatement => Class::Permanent,
            _ => Class::Transient,
        }
    }
}

/// By SQLite's result code; the low byte is the primary one (<https://sqlite.org/rescode.html>).
fn of_database(error: &dyn DatabaseError) -> Class {
    let code = error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default();
    match code & 0xff {
        // busy, locked, no memory, read-only, interrupted, I/O error, corrupt, full, cannot open, locking protocol, not a database
        5 | 6 | 7 | 8 | 9 | 10 | 11 | 13 | 14 | 15 | 26 => DATABASE,
        // SQL error, too big, constraint, mismatch, misuse, range
        1 | 18 | 19 | 20 | 21 | 25 => Class::Permanent,
        _ => Class::Transient,
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::error::Error as StdError;
    use std::fmt;

    use sqlx::error::ErrorKind;

    use super::*;

    #[derive(Debug)]
    struct Coded(i32);

    impl fmt::Display for Coded {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "code {}", self.0)
        }
    }

    impl StdError for Coded {}

    impl DatabaseError for Coded {
        fn message(&self) -> &str {
            "scripted"
        }
        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.to_string().into())
        }
        fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
            self
        }
        fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
            self
        }
        fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
            self
        }
        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    fn class_of(code: i32) -> Class {
        Error::Database(Box::new(Coded(code))).class()
    }

    #[test]
    fn a_database_that_cannot_work_now_is_an_outage() {
        let busy_snapshot = 5 | (2 << 8);
        for code in [5, busy_snapshot, 6, 8, 10, 13, 14] {
            assert_eq!(class_of(code), Class::Outage("database"), "{code}");
        }
        assert_eq!(Error::PoolTimedOut.class(), Class::Outage("database"));
    }

    #[test]
    fn a_row_that_can_never_be_written_is_permanent() {
        let unique = 19 | (8 << 8);
        for code in [1, 19, unique, 20] {
            assert_eq!(class_of(code), Class::Permanent, "{code}");
        }
        assert_eq!(Error::RowNotFound.class(), Class::Permanent);
    }
}

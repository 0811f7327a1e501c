//! What class a database's errors have.

use sqlx::Error;
use sqlx::error::DatabaseError;

use crate::class::{Class, Classify};

/// The name under which a database that is down is reported.
const DATABASE: Class = Class::Outage("database");

/// | failure | class |
/// |---|---|
/// | connection, pool, worker gone; locked, busy, full, read-only, I/O error, corrupt; deadlock, serialisation failure | `Outage("database")` |
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

/// SQLSTATE has five characters, SQLite's result codes are numbers of at most four digits.
fn of_database(error: &dyn DatabaseError) -> Class {
    let Some(code) = error.code() else { return Class::Transient };
    match code.parse::<i32>() {
        Ok(number) if code.len() < 5 => of_sqlite(number),
        _ => of_postgres(&code),
    }
}

/// The low byte of a result code is the primary one (<https://sqlite.org/rescode.html>).
fn of_sqlite(code: i32) -> Class {
    match code & 0xff {
        // busy, locked, no memory, read-only, interrupted, I/O error, corrupt, full, cannot open, locking protocol, not a database
        5 | 6 | 7 | 8 | 9 | 10 | 11 | 13 | 14 | 15 | 26 => DATABASE,
        // SQL error, too big, constraint, mismatch, misuse, range
        1 | 18 | 19 | 20 | 21 | 25 => Class::Permanent,
        _ => Class::Transient,
    }
}

/// The first two characters of SQLSTATE are its class (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
///
/// A deadlock, a serialisation failure and a missing permission say nothing about the record: it waits, and is never
/// dead-lettered for them.
fn of_postgres(state: &str) -> Class {
    match (state.get(..2).unwrap_or_default(), state) {
        // lock timeout, read-only server, permission denied, invalid prepared statement (a pooler lost it)
        (_, "55P03" | "25006" | "42501" | "26000") => DATABASE,
        // a statement that took too long, or was cancelled by somebody
        (_, "57014") => Class::Transient,
        // connection, authorization, no such database, roll-back (deadlock, serialisation), resources, shutdown, system, internal
        ("08" | "28" | "3D" | "40" | "53" | "57" | "58" | "F0" | "XX", _) => DATABASE,
        // feature, cardinality, data, constraint, no such schema, syntax, check option, raised by a function
        ("0A" | "21" | "22" | "23" | "3F" | "42" | "44" | "P0", _) => Class::Permanent,
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
    struct Coded(&'static str);

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
            Some(self.0.into())
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

    fn class_of(code: &'static str) -> Class {
        Error::Database(Box::new(Coded(code))).class()
    }

    #[test]
    fn a_database_that_cannot_work_now_is_an_outage() {
        let busy_snapshot = "517";
        let sqlite = ["5", busy_snapshot, "6", "8", "10", "13", "14", "8714"];
        // Shutdown, starting up, too many connections, disk full, lock time-out, standby, password, permission.
        let postgres = ["57P01", "57P03", "53300", "53100", "55P03", "25006", "28P01", "42501"];
        for code in sqlite.into_iter().chain(postgres) {
            assert_eq!(class_of(code), Class::Outage("database"), "{code}");
        }
        assert_eq!(Error::PoolTimedOut.class(), Class::Outage("database"));
    }

    #[test]
    fn a_row_that_can_never_be_written_is_permanent() {
        let unique = "2067";
        // Unique, out of range, no such table, raised by a trigger.
        for code in ["1", "19", unique, "20", "23505", "22003", "42P01", "P0001"] {
            assert_eq!(class_of(code), Class::Permanent, "{code}");
        }
        assert_eq!(Error::RowNotFound.class(), Class::Permanent);
    }

    /// Two records that met say nothing about either of them.
    #[test]
    fn a_deadlock_never_costs_an_attempt() {
        for code in ["40001", "40P01"] {
            assert_eq!(class_of(code), Class::Outage("database"), "{code}");
        }
    }
}

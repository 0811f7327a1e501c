//! Connections of those who only read.

use std::time::Duration;

use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{ConnectOptions, Connection as _};

use super::sql::{Connection, Row, Statement};
use super::store::{SCHEMA, Store, postgres};
use super::{Missing, ModelError};

/// Reads that run side by side, in each process.
const READERS: u32 = 4;

/// How long a read waits for a connection. Then the database counts as down.
const PATIENCE: Duration = Duration::from_secs(3);

/// A pool that opens its connections as they are needed, and never writes.
#[derive(Debug, Clone)]
pub(super) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Pool {
    pub(super) fn of(store: &Store) -> Result<Self, ModelError> {
        Ok(match store {
            Store::Sqlite(path) => {
                let options = SqliteConnectOptions::new().filename(path).read_only(true);
                Self::Sqlite(sqlite(options.busy_timeout(Duration::from_secs(2))))
            }
            Store::Postgres(url) => {
                let options = postgres(url)?
                    .disable_statement_logging()
                    .options([("search_path", SCHEMA), ("default_transaction_read_only", "on")]);
                let pool = PgPoolOptions::new().max_connections(READERS).acquire_timeout(PATIENCE);
                Self::Postgres(pool.connect_lazy_with(options))
            }
        })
    }

    /// Reads all rows: one statement, so all of the same moment.
    pub(super) async fn rows(&self, statement: Statement) -> Result<Vec<Row>, sqlx::Error> {
        match self {
            Self::Sqlite(pool) => {
                Connection::Sqlite(&mut *pool.acquire().await?).rows(statement).await
            }
            Self::Postgres(pool) => {
                Connection::Postgres(&mut *pool.acquire().await?).rows(statement).await
            }
        }
    }
}

fn sqlite(options: SqliteConnectOptions) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(PATIENCE)
        // One whose transaction was ended by SQLite itself (I/O error) would go on reading one old state for ever.
        .before_acquire(|connection, _| {
            let usable = !connection.is_in_transaction();
            Box::pin(async move { Ok(usable) })
        })
        .connect_lazy_with(options)
}

/// What a failed read means: the consumer has not been here, or the database is down.
pub(super) fn failed(store: &Store, error: sqlx::Error) -> ModelError {
    let absent = match (store, &error) {
        (Store::Sqlite(path), _) if !path.exists() => true,
        (Store::Sqlite(_), sqlx::Error::Database(error)) => {
            error.message().contains("no such table")
        }
        // No such table, no such schema.
        (Store::Postgres(_), sqlx::Error::Database(error)) => {
            error.code().is_some_and(|code| code == "42P01" || code == "3F000")
        }
        _ => false,
    };
    match store {
        _ if absent => ModelError::Missing(Missing::at(store)),
        Store::Sqlite(_) => error.into(),
        Store::Postgres(_) => ModelError::Down { place: store.to_string(), source: error },
    }
}

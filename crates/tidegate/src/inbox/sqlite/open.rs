//! Opening the file, with the settings that the guarantees need.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Sqlite};

use crate::inbox::StoreError;
use crate::inbox::sql::{PATIENCE, Parts, SqlInbox, Turn, Writer};

/// Until a file that is locked at the start is tried again.
const LOCKED: Duration = Duration::from_millis(20);

/// Look-ups that run side by side.
const READERS: u32 = 4;

impl SqlInbox<Sqlite> {
    /// Opens or creates the file. WAL, `synchronous=FULL`, foreign keys on.
    ///
    /// # Errors
    /// [`StoreError::Broken`] or [`StoreError::Unavailable`], naming the file.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE);
        let label = path.display().to_string();
        let named = |error: sqlx::Error| {
            StoreError::Broken(format!("{label} cannot be opened as SQLite: {error}"))
        };
        // The writer first: it creates the file and switches it to WAL.
        let writer = connected(1, &options).await.map_err(named)?;
        let readers = connected(READERS, &options).await.map_err(named)?;
        let lazy = options.synchronous(SqliteSynchronous::Normal);
        let striker = connected(1, &lazy).await.map_err(named)?;
        Ok(Self::on(label, readers, writer, striker))
    }

    /// A database in memory, gone with the last clone. For tests.
    ///
    /// # Errors
    /// [`StoreError::Broken`] when SQLite cannot start.
    pub async fn in_memory() -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new().in_memory(true).foreign_keys(true);
        // One connection for both: an in-memory database belongs to its connection, so it must never be closed either.
        let only = pool(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await
            .map_err(|error| StoreError::Broken(error.to_string()))?;
        Ok(Self::on("memory".into(), only.clone(), only.clone(), only))
    }

    /// All that writes is in one queue.
    fn on(label: String, readers: SqlitePool, writer: SqlitePool, striker: SqlitePool) -> Self {
        let turn = Turn::of(1);
        let writer = Writer { pool: writer, turn: turn.clone() };
        let striker = Writer { pool: striker, turn };
        Self::of(Parts { label, schema: None, readers, writer, striker })
    }
}

/// A pool with its first connection. SQLite does not wait for the lock that the switch to WAL needs, whatever its busy
/// timeout is: of processes that make one file together, all but one are told that it is locked, and try again.
async fn connected(size: u32, options: &SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match file_pool(size).connect_with(options.clone()).await {
            Err(error) if is_locked(&error) && Instant::now() < deadline => {
                tokio::time::sleep(LOCKED).await;
            }
            connected => return connected,
        }
    }
}

/// SQLITE_BUSY, in the low byte of whichever form of it.
fn is_locked(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == 5)
}

/// A connection whose transaction was ended by SQLite itself (full disk, I/O error) never begins another one, because
/// its driver counts the old one as open: it is replaced.
fn file_pool(size: u32) -> SqlitePoolOptions {
    pool(size).before_acquire(|connection, _| {
        let usable = !connection.is_in_transaction();
        Box::pin(async move { Ok(usable) })
    })
}

fn pool(size: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(size).acquire_timeout(PATIENCE)
}

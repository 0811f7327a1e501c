//! Opening the database, with the settings that the guarantees need.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Error, Executor, Postgres};

use crate::class::{Class, Classify};
use crate::inbox::StoreError;
use crate::inbox::sql::{PATIENCE, Parts, SqlInbox, Turn, Writer, error};

/// Look-ups that run side by side.
const READERS: u32 = 4;
/// Effects that are written side by side.
const WRITERS: u32 = 8;
/// Strikes that run side by side.
const STRIKERS: u32 = 2;

/// How long connecting may take before the database counts as down.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a look-up waits for a connection before the database counts as down. Probes of readiness wait as long.
const LOOK: Duration = Duration::from_secs(3);

/// Server settings of every connection: no wait for a lock is endless (milliseconds), and neither is a transaction of an
/// instance that was stopped or cut off.
const SETTINGS: [(&str, &str); 2] =
    [("lock_timeout", "30000"), ("idle_in_transaction_session_timeout", "60000")];

impl SqlInbox<Postgres> {
    /// Opens `postgres://user:password@host:5432/database`; tables are found, and made, in the first schema of the search
    /// path. What the URL leaves out comes from `PGHOST`, `PGUSER`, `PGPASSWORD` and the others that psql knows.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it cannot be reached within 5 s, [`StoreError::Broken`] when it refuses: both
    /// name the place, and never the password.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::connect(url, None).await
    }

    /// As [`open`](Self::open), with the store's tables and the user's in a schema of their own, which is created with them.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`StoreError::Broken`] for a name with anything but lower-case letters, digits and `_`.
    pub async fn open_in(url: &str, schema: &str) -> Result<Self, StoreError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if schema.starts_with(|c: char| !c.is_ascii_lowercase()) || !schema.chars().all(plain) {
            return Err(StoreError::Broken(format!(
                "{schema:?} cannot be a schema here: use lower-case letters, digits and _"
            )));
        }
        Self::connect(url, Some(schema)).await
    }

    async fn connect(url: &str, schema: Option<&str>) -> Result<Self, StoreError> {
        let options = options(url, schema)?;
        let label = label(&options);
        probe(&options, &label).await?;
        let lazy = options.clone().options([("synchronous_commit", "off")]);
        let writer = pool(WRITERS, PATIENCE).after_connect(|connection, _| {
            Box::pin(async move { connection.execute(DURABLE).await.map(drop) })
        });
        let writer =
            Writer { pool: writer.connect_lazy_with(options.clone()), turn: Turn::of(WRITERS) };
        let striker = Writer {
            pool: pool(STRIKERS, CONNECT).connect_lazy_with(lazy),
            turn: Turn::of(STRIKERS),
        };
        let readers = pool(READERS, LOOK).connect_lazy_with(options);
        let schema = schema.map(str::to_owned);
        Ok(Self::of(Parts { label, schema, readers, writer, striker }))
    }
}

/// What is committed must be on the disk, whatever the server's default is. A stricter one stays.
const DURABLE: &str = "select set_config('synchronous_commit', 'on', false)
                       where current_setting('synchronous_commit') = 'off'";

fn options(url: &str, schema: Option<&str>) -> Result<PgConnectOptions, StoreError> {
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(StoreError::Broken("a PostgreSQL URL begins with postgres://".to_owned()));
    }
    let options = PgConnectOptions::from_str(url)
        .map_err(unreadable)?
        .disable_statement_logging()
        .options(SETTINGS);
    Ok(match schema {
        Some(schema) => options.options([("search_path", schema)]),
        None => options,
    })
}

fn unreadable(error: Error) -> StoreError {
    let text = error.to_string();
    let reason = text.trim_start_matches("error with configuration: ");
    StoreError::Broken(format!("the PostgreSQL URL cannot be read: {reason}"))
}

/// `host:5432/database`: names the place, and nothing else of the URL.
fn label(options: &PgConnectOptions) -> String {
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => options.get_host().to_owned(),
    };
    let database = options.get_database().unwrap_or(options.get_username());
    format!("{host}:{}/{database}", options.get_port())
}

/// One connection, for its error: a pool only tells that time is up.
async fn probe(options: &PgConnectOptions, label: &str) -> Result<(), StoreError> {
    let named = |error: Error| {
        let text = format!("PostgreSQL at {label} cannot be used: {}", error::told(&error));
        match error.class() {
            Class::Outage(_) if !refuses(&error) => StoreError::Unavailable(text),
            _ => StoreError::Broken(text),
        }
    };
    let connecting = tokio::time::timeout(CONNECT, options.connect()).await;
    let connection = connecting.map_err(|_| {
        StoreError::Unavailable(format!(
            "PostgreSQL at {label} cannot be used: no answer within {} s",
            CONNECT.as_secs()
        ))
    })?;
    connection.map_err(named)?.close().await.map_err(named)
}

/// It answers, and says no: wrong password, no such user or database.
fn refuses(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code.starts_with("28") || code.starts_with("3D"))
}

fn pool(size: u32, patience: Duration) -> PgPoolOptions {
    // A connection is tried before it is handed out: one that the server has closed is replaced.
    PgPoolOptions::new().max_connections(size).acquire_timeout(patience).test_before_acquire(true)
}

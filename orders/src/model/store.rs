//! Where the read model is, and how the consumer opens it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;
use tidegate::inbox::postgres::PostgresInbox;
use tidegate::inbox::sqlite::SqliteInbox;
use tidegate::inbox::{InboxStore, StoreError};

use super::sql::Connection;
use super::{ModelError, migrate};
use crate::config::Secret;

/// The schema of a PostgreSQL database that all tables of the consumer are in: orders, history, markers, outbox, owners.
pub const SCHEMA: &str = "orders";

/// Where the read model is. Shows no password.
#[derive(Clone, PartialEq, Eq)]
pub enum Store {
    /// In this file: for services on one machine.
    Sqlite(PathBuf),
    /// In the schema `orders` of the database with this URL.
    Postgres(Secret),
}

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Store {
    /// Which database it is.
    #[must_use]
    pub const fn database(&self) -> Database {
        match self {
            Self::Sqlite(_) => Database::Sqlite,
            Self::Postgres(_) => Database::Postgres,
        }
    }

    /// Opens it as the consumer does: the store of markers and effects, with its tables and the read model's at this
    /// program's version.
    ///
    /// # Errors
    /// [`ModelError::Store`] or [`ModelError::Newer`]; the message names the place.
    pub async fn open(&self) -> Result<Arc<dyn InboxStore>, ModelError> {
        match self {
            Self::Sqlite(path) => {
                let store = SqliteInbox::open(path).await?;
                // The markers' tables too: readers find all of the file, or none.
                store.prepare().await?;
                migrate(&mut Connection::Sqlite(&mut *store.writer().acquire().await?)).await?;
                Ok(Arc::new(store))
            }
            Self::Postgres(url) => {
                let store = PostgresInbox::open_in(url.expose(), SCHEMA).await?;
                store.prepare().await?;
                migrate(&mut Connection::Postgres(&mut *store.writer().acquire().await?)).await?;
                Ok(Arc::new(store))
            }
        }
    }
}

/// How to connect to the database with this URL.
///
/// # Errors
/// [`ModelError::Store`] when it is none. The message does not hold it.
pub fn postgres(url: &Secret) -> Result<PgConnectOptions, ModelError> {
    let url = url.expose();
    let wrong = |reason: &str| StoreError::Broken(format!("the PostgreSQL URL {reason}"));
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(wrong("must begin with postgres://").into());
    }
    Ok(PgConnectOptions::from_str(url)
        .map_err(|_| wrong("cannot be read: write postgres://user:password@host:5432/database"))?)
}

/// `orders.db`, or host, port and database.
impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => match postgres(url) {
                Ok(to) => {
                    let database = to.get_database().unwrap_or(to.get_username());
                    write!(f, "PostgreSQL at {}:{}/{database}", to.get_host(), to.get_port())
                }
                Err(_) => f.write_str("PostgreSQL"),
            },
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.to_string()).finish()
    }
}

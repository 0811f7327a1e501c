//! What differs between the databases, and the few calls that our own statements need of them.

use sqlx::{Database, Error};

use crate::broker::BoxFuture;
use crate::inbox::StoreError;
use crate::inbox::sql::Statement;

/// A value that a statement of ours takes.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// Text.
    Text(Option<&'a str>),
    /// Any number of ours.
    Number(Option<i64>),
    /// Bytes.
    Bytes(Option<&'a [u8]>),
}

/// A database that the store can be on. Implemented for `sqlx::Sqlite` and `sqlx::Postgres`, each under its feature.
///
/// Services name it in their handlers (`Inbox<Sqlite>`); its methods are for the store itself.
pub trait SqlDatabase: Database {
    /// In front of the place in a store's name.
    const SCHEME: &'static str;
    /// Begins a handler's transaction.
    const BEGIN: &'static str;
    /// `epoch` of the owner row of group, topic and partition; `open`: 1 while the transaction is still the one that
    /// [`BEGIN`](Self::BEGIN) began. The row cannot change before the transaction ends.
    const OWNER: &'static str;
    /// Deletes rows of group, handler and event id whose ordinal is in a JSON array.
    const STRIKE: &'static str;

    /// Creates the store's tables inside this transaction, which keeps everybody else from doing so; in this schema, where
    /// there are schemas and one was named.
    fn create<'c>(
        tx: &'c mut Self::Connection,
        schema: Option<&'c str>,
    ) -> BoxFuture<'c, Result<(), Error>>;

    /// Whether a transaction that a handler has used is still open.
    fn check_open(tx: &mut Self::Connection) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Executes, and counts the rows that it changed.
    fn run(
        connection: &mut Self::Connection,
        statement: Statement<Self>,
    ) -> BoxFuture<'_, Result<u64, Error>>;

    /// Reads all rows.
    fn rows(
        connection: &mut Self::Connection,
        statement: Statement<Self>,
    ) -> BoxFuture<'_, Result<Vec<Self::Row>, Error>>;

    /// Adds a value for the next `$n`.
    ///
    /// # Errors
    /// When it cannot be encoded.
    fn put(arguments: &mut Self::Arguments, value: Value<'_>) -> Result<(), Error>;

    /// Reads a column.
    ///
    /// # Errors
    /// When there is no such column, or it is no text.
    fn text(row: &Self::Row, column: &str) -> Result<Option<String>, Error>;

    /// Reads a column.
    ///
    /// # Errors
    /// When there is no such column, or it is no number.
    fn number(row: &Self::Row, column: &str) -> Result<Option<i64>, Error>;

    /// Reads a column.
    ///
    /// # Errors
    /// When there is no such column, or it holds no bytes.
    fn bytes(row: &Self::Row, column: &str) -> Result<Option<Vec<u8>>, Error>;
}

/// The methods of [`SqlDatabase`] that read the same for every database, and that sqlx's bounds would make unreadable
/// as generic functions.
macro_rules! sql_methods {
    () => {
        fn run(
            connection: &mut Self::Connection,
            statement: Statement<Self>,
        ) -> BoxFuture<'_, Result<u64, Error>> {
            Box::pin(async move {
                let query = statement.into_query()?;
                Ok(connection.execute(query).await?.rows_affected())
            })
        }

        fn rows(
            connection: &mut Self::Connection,
            statement: Statement<Self>,
        ) -> BoxFuture<'_, Result<Vec<Self::Row>, Error>> {
            Box::pin(async move {
                let query = statement.into_query()?;
                connection.fetch_all(query).await
            })
        }

        fn put(arguments: &mut Self::Arguments, value: Value<'_>) -> Result<(), Error> {
            match value {
                Value::Text(text) => arguments.add(text.map(str::to_owned)),
                Value::Number(number) => arguments.add(number),
                Value::Bytes(bytes) => arguments.add(bytes.map(<[u8]>::to_vec)),
            }
            .map_err(Error::Encode)
        }

        fn text(row: &Self::Row, column: &str) -> Result<Option<String>, Error> {
            row.try_get(column)
        }

        fn number(row: &Self::Row, column: &str) -> Result<Option<i64>, Error> {
            row.try_get(column)
        }

        fn bytes(row: &Self::Row, column: &str) -> Result<Option<Vec<u8>>, Error> {
            row.try_get(column)
        }
    };
}

pub(in crate::inbox) use sql_methods;

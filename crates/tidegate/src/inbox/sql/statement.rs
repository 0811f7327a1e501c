//! One statement of the store's own: its text, and what it takes.

use std::fmt;

use sqlx::Error;

use crate::inbox::sql::{SqlDatabase, Value};
use crate::inbox::{Claim, StoreError};

use super::error;

/// A statement with its values, for `$1`, `$2`, ... in order.
pub struct Statement<D: SqlDatabase> {
    text: &'static str,
    arguments: Result<D::Arguments, Error>,
}

impl<D: SqlDatabase> Statement<D> {
    pub(super) fn new(text: &'static str) -> Self {
        Self { text, arguments: Ok(D::Arguments::default()) }
    }

    /// Beginning with the three columns that name a claim: group, handler, event id.
    pub(super) fn of(claim: &Claim, text: &'static str) -> Self {
        let named = Self::new(text).text(claim.group.as_str()).text(claim.handler.as_str());
        named.text(claim.event_id.as_str())
    }

    pub(super) fn text<'a>(self, text: impl Into<Option<&'a str>>) -> Self {
        self.value(Value::Text(text.into()))
    }

    pub(super) fn number(self, number: impl Into<Option<i64>>) -> Self {
        self.value(Value::Number(number.into()))
    }

    pub(super) fn bytes<'a>(self, bytes: impl Into<Option<&'a [u8]>>) -> Self {
        self.value(Value::Bytes(bytes.into()))
    }

    fn value(mut self, value: Value<'_>) -> Self {
        if let Ok(arguments) = &mut self.arguments
            && let Err(error) = D::put(arguments, value)
        {
            self.arguments = Err(error);
        }
        self
    }

    /// As sqlx executes it.
    pub(in crate::inbox) fn into_query(
        self,
    ) -> Result<(&'static str, Option<D::Arguments>), Error> {
        Ok((self.text, Some(self.arguments?)))
    }

    /// Executes, and counts the rows that it changed.
    pub(super) async fn run(self, connection: &mut D::Connection) -> Result<u64, StoreError> {
        D::run(connection, self).await.map_err(error::store)
    }

    /// Reads all rows.
    pub(super) async fn rows(
        self,
        connection: &mut D::Connection,
    ) -> Result<Vec<D::Row>, StoreError> {
        D::rows(connection, self).await.map_err(error::store)
    }

    /// Reads the first row, if there is one.
    pub(super) async fn row(
        self,
        connection: &mut D::Connection,
    ) -> Result<Option<D::Row>, StoreError> {
        Ok(self.rows(connection).await?.into_iter().next())
    }
}

impl<D: SqlDatabase> fmt::Debug for Statement<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Statement").field(&self.text).finish()
    }
}

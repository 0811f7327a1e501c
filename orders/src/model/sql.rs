//! One way to write a statement for both databases: `$1`, text and numbers, rows by column name.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Error, Executor, PgConnection, Row as _, SqliteConnection};

/// A connection to either database, usually inside a transaction.
#[derive(Debug)]
pub enum Connection<'c> {
    /// To SQLite.
    Sqlite(&'c mut SqliteConnection),
    /// To PostgreSQL.
    Postgres(&'c mut PgConnection),
}

/// A statement with its values.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    sql: String,
    values: Vec<Value>,
}

#[derive(Debug, Clone)]
enum Value {
    Text(Option<String>),
    Number(i64),
}

/// A row that was read.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Statement {
    pub(super) fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), values: Vec::new() }
    }

    /// The value of the next `$n`.
    pub(super) fn text<'a>(mut self, text: impl Into<Option<&'a str>>) -> Self {
        self.values.push(Value::Text(text.into().map(str::to_owned)));
        self
    }

    /// The value of the next `$n`.
    pub(super) fn number(mut self, number: impl Into<i64>) -> Self {
        self.values.push(Value::Number(number.into()));
        self
    }

    /// Goes on with more text; `?` in it stands for the next `$n`.
    pub(super) fn and(mut self, sql: &str) -> Self {
        let mut next = self.values.len();
        for part in sql.split_inclusive('?') {
            match part.strip_suffix('?') {
                Some(before) => {
                    next += 1;
                    self.sql.push_str(&format!("{before}${next}"));
                }
                None => self.sql.push_str(part),
            }
        }
        self
    }
}

/// The statement as sqlx takes it, for the database that the place asks for.
macro_rules! query {
    ($statement:expr) => {{
        let Statement { sql, values } = $statement;
        // Text of this module's own: values are never part of it.
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for value in values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
            };
        }
        query
    }};
}

impl Connection<'_> {
    /// Executes statements without values, one after the other.
    pub(super) async fn script(&mut self, sql: &'static str) -> Result<(), Error> {
        match self {
            Self::Sqlite(connection) => connection.execute(sqlx::raw_sql(sql)).await.map(drop),
            Self::Postgres(connection) => connection.execute(sqlx::raw_sql(sql)).await.map(drop),
        }
    }

    /// Executes, and counts the rows that it changed.
    pub(super) async fn run(&mut self, statement: Statement) -> Result<u64, Error> {
        Ok(match self {
            Self::Sqlite(connection) => {
                connection.execute(query!(statement)).await?.rows_affected()
            }
            Self::Postgres(connection) => {
                connection.execute(query!(statement)).await?.rows_affected()
            }
        })
    }

    /// Reads all rows.
    pub(super) async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, Error> {
        Ok(match self {
            Self::Sqlite(connection) => {
                let rows = connection.fetch_all(query!(statement)).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(connection) => {
                let rows = connection.fetch_all(query!(statement)).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// Reads the first row, if there is one.
    pub(super) async fn row(&mut self, statement: Statement) -> Result<Option<Row>, Error> {
        Ok(self.rows(statement).await?.into_iter().next())
    }
}

impl Row {
    /// A column of text.
    pub(super) fn text(&self, column: &str) -> Result<Option<String>, Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    /// A column of numbers that is never null.
    pub(super) fn number(&self, column: &str) -> Result<i64, Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }
}

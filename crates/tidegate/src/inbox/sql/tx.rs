//! The transaction that a handler writes in.

use std::fmt;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, Stream, StreamExt, TryFutureExt};
use sqlx::pool::PoolConnection;
use sqlx::{Database, Either, Error, Execute, Executor, Pool, SqlStr, Transaction};
use tokio::sync::OwnedSemaphorePermit;

use crate::inbox::sql::{SqlDatabase, Turn};

/// Connections that write, behind a fair queue.
#[derive(Debug)]
pub(in crate::inbox) struct Writer<D: SqlDatabase> {
    pub(in crate::inbox) pool: Pool<D>,
    pub(in crate::inbox) turn: Turn,
}

impl<D: SqlDatabase> Clone for Writer<D> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), turn: self.turn.clone() }
    }
}

impl<D: SqlDatabase> Writer<D> {
    pub(super) async fn begin(&self) -> Result<Open<D>, Error> {
        let turn = self.turn.wait().await?;
        let tx = self.pool.begin_with(D::BEGIN).await?;
        Ok(Open { tx, _turn: turn })
    }

    /// For one statement, which is a transaction by itself.
    pub(super) async fn alone(&self) -> Result<Alone<D>, Error> {
        let turn = self.turn.wait().await?;
        let connection = self.pool.acquire().await?;
        Ok(Alone { connection, _turn: turn })
    }
}

/// Fields drop in this order: the roll-back is on its way before the next writer's turn.
#[derive(Debug)]
pub(super) struct Open<D: SqlDatabase> {
    pub(super) tx: Transaction<'static, D>,
    _turn: OwnedSemaphorePermit,
}

/// A connection, and the turn that it was taken in.
#[derive(Debug)]
pub(super) struct Alone<D: SqlDatabase> {
    pub(super) connection: PoolConnection<D>,
    _turn: OwnedSemaphorePermit,
}

/// What a handler's statements run on: a transaction that begins with the first of them.
///
/// `&mut *tx` is an [`Executor`], as `sqlx::query(..).execute(..)` takes it. There is no commit: the runtime commits the
/// effect together with its marker, after the handler has returned `Ok`.
pub struct SqlTx<D: SqlDatabase> {
    writer: Writer<D>,
    pub(super) open: Option<Open<D>>,
}

impl<D: SqlDatabase> SqlTx<D> {
    pub(super) fn new(writer: Writer<D>) -> Self {
        Self { writer, open: None }
    }

    /// The connection itself, inside the transaction: for helpers that take `&mut SqliteConnection` or `&mut PgConnection`.
    ///
    /// # Errors
    /// Any that beginning a transaction can give; a wait of 30 s for a writer is [`sqlx::Error::PoolTimedOut`].
    pub async fn connection(&mut self) -> Result<&mut D::Connection, Error> {
        if self.open.is_none() {
            self.open = Some(self.writer.begin().await?);
        }
        let open = self.open.as_mut().expect("opened above");
        Ok(&mut *open.tx)
    }
}

impl<D: SqlDatabase> fmt::Debug for SqlTx<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begun = self.open.is_some();
        f.debug_struct("SqlTx").field("database", &D::NAME).field("begun", &begun).finish()
    }
}

impl<'c, D> Executor<'c> for &'c mut SqlTx<D>
where
    D: SqlDatabase,
    for<'e> &'e mut D::Connection: Executor<'e, Database = D>,
{
    type Database = D;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<D::QueryResult, D::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, D>,
    {
        self.connection_stream(query).boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<D::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, D>,
    {
        async move { self.connection().await?.fetch_optional(query).await }.boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [<D as Database>::TypeInfo],
    ) -> BoxFuture<'e, Result<D::Statement, Error>>
    where
        'c: 'e,
    {
        async move { self.connection().await?.prepare_with(sql, parameters).await }.boxed()
    }

    /// Required as soon as anything in the build asks sqlx for its `macros`.
    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<sqlx::Describe<D>, Error>>
    where
        'c: 'e,
    {
        async move { self.connection().await?.describe(sql).await }.boxed()
    }
}

impl<D: SqlDatabase> SqlTx<D> {
    fn connection_stream<'e, 'q: 'e, E>(
        &'e mut self,
        query: E,
    ) -> impl Stream<Item = Result<Either<D::QueryResult, D::Row>, Error>> + Send + 'e
    where
        E: 'q + Execute<'q, D>,
        for<'r> &'r mut D::Connection: Executor<'r, Database = D>,
    {
        let opened = async move { self.connection().await };
        opened.map_ok(move |connection| connection.fetch_many(query)).try_flatten_stream()
    }
}

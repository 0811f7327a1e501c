//! One attempt's transaction.

use std::any::Any;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, TryFutureExt};
use sqlx::sqlite::{SqliteQueryResult, SqliteRow, SqliteStatement, SqliteTypeInfo};
use sqlx::{Either, Execute, Executor, SqlStr, Sqlite, SqliteConnection, SqlitePool, Transaction};
use tokio::sync::OwnedSemaphorePermit;

use crate::inbox::sqlite::turn::Turn;
use crate::inbox::sqlite::{SqliteInbox, error, outbox};
use crate::inbox::{Claim, InboxDatabase, InboxSession, Marker, OutboxRow, StoreError};

/// What a handler's statements run on: a transaction that begins with the first of them.
///
/// `&mut *tx` is an [`Executor`], as `sqlx::query(..).execute(..)` takes it. There is no commit: the runtime commits the
/// effect together with its marker, after the handler has returned `Ok`.
#[derive(Debug)]
pub struct SqliteTx {
    writer: SqlitePool,
    turn: Turn,
    open: Option<Open>,
}

/// Fields drop in this order: the roll-back is on its way before the next writer's turn.
#[derive(Debug)]
struct Open {
    tx: Transaction<'static, Sqlite>,
    _turn: OwnedSemaphorePermit,
}

impl SqliteTx {
    /// The connection itself, inside the transaction: for helpers that take `&mut SqliteConnection`.
    ///
    /// # Errors
    /// Any that `BEGIN IMMEDIATE` can give; a wait of 30 s for the writer is [`sqlx::Error::PoolTimedOut`].
    pub async fn connection(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        if self.open.is_none() {
            let turn = self.turn.wait().await?;
            let tx = self.writer.begin_with("begin immediate").await?;
            self.open = Some(Open { tx, _turn: turn });
        }
        let open = self.open.as_mut().expect("opened above");
        Ok(&mut *open.tx)
    }
}

impl<'c> Executor<'c> for &'c mut SqliteTx {
    type Database = Sqlite;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<SqliteQueryResult, SqliteRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        self.connection_stream(query).boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<SqliteRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        async move { self.connection().await?.fetch_optional(query).await }.boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [SqliteTypeInfo],
    ) -> BoxFuture<'e, Result<SqliteStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        async move { self.connection().await?.prepare_with(sql, parameters).await }.boxed()
    }

    /// Required as soon as anything in the build asks sqlx for its `macros`.
    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<sqlx::Describe<Sqlite>, sqlx::Error>>
    where
        'c: 'e,
    {
        async move { self.connection().await?.describe(sql).await }.boxed()
    }
}

impl SqliteTx {
    fn connection_stream<'e, 'q: 'e, E>(
        &'e mut self,
        query: E,
    ) -> impl futures_util::Stream<Item = Result<Either<SqliteQueryResult, SqliteRow>, sqlx::Error>>
    + Send
    + 'e
    where
        E: 'q + Execute<'q, Sqlite>,
    {
        let opened = async move { self.connection().await };
        opened.map_ok(move |connection| connection.fetch_many(query)).try_flatten_stream()
    }
}

/// The session of one claim: what the runtime commits, or drops to roll back.
#[derive(Debug)]
pub struct SqliteSession {
    tx: SqliteTx,
    claim: Claim,
    /// The letter that the marker named when the claim was made.
    letter: Option<String>,
}

impl SqliteSession {
    pub(super) fn new(store: &SqliteInbox, claim: Claim, letter: Option<String>) -> Self {
        let (writer, turn) = (store.writer.clone(), store.turn.clone());
        Self { tx: SqliteTx { writer, turn, open: None }, claim, letter }
    }

    async fn seal(mut self, marker: Marker, rows: Vec<OutboxRow>) -> Result<(), StoreError> {
        let (claim, known) = (self.claim.clone(), self.letter.take());
        if let Some(open) = &mut self.tx.open {
            check_open(&mut open.tx).await?;
        }
        let tx = self.tx.connection().await.map_err(error::store)?;
        check_owner(tx, &claim).await?;
        write_marker(tx, &claim, known, marker).await?;
        outbox::add(tx, &claim, &rows).await.map_err(error::store)?;
        let open = self.tx.open.take().expect("`connection` opened it");
        open.tx.commit().await.map_err(error::store)
    }
}

/// After a full disk or an I/O error SQLite rolls back by itself. A handler that passes over that error must not get a
/// marker for an effect that is gone: what followed would be written by itself. Only a transaction refuses a `BEGIN`.
async fn check_open(tx: &mut SqliteConnection) -> Result<(), StoreError> {
    match sqlx::raw_sql("begin").execute(tx).await {
        Err(sqlx::Error::Database(refused)) if refused.code().as_deref() == Some("1") => Ok(()),
        Err(error) => Err(error::store(error)),
        Ok(_) => Err(StoreError::Unavailable(
            "SQLite has rolled the transaction back, as after a full disk: its effect is gone"
                .to_owned(),
        )),
    }
}

/// The effect happens only under the owner that claimed it (rule 10).
async fn check_owner(tx: &mut SqliteConnection, claim: &Claim) -> Result<(), StoreError> {
    let epoch: Option<i64> = sqlx::query_scalar(
        "select epoch from tidegate_owner where grp = ? and topic = ? and partition = ?",
    )
    .bind(&claim.group)
    .bind(claim.partition.topic.as_str())
    .bind(claim.partition.partition.0)
    .fetch_optional(tx)
    .await
    .map_err(error::store)?;
    if epoch == Some(claim.owner_epoch) { Ok(()) } else { Err(StoreError::Fenced) }
}

/// `Done` beats `Dead`, and nothing replaces `Done` (rule 25). A letter replaces only the one that the claim knew: a
/// twin of the record that was dead-lettered meanwhile has had its dead-letter handler's effect (rule 31).
async fn write_marker(
    tx: &mut SqliteConnection,
    claim: &Claim,
    known: Option<String>,
    marker: Marker,
) -> Result<(), StoreError> {
    let (state, letter) = match marker {
        Marker::Done => ("done", None),
        Marker::Dead { letter } => ("dead", Some(letter)),
    };
    let written = sqlx::query(
        "insert into tidegate_marker (grp, handler, event_id, state, letter, at)
         values (?1, ?2, ?3, ?4, ?5, unixepoch('subsec') * 1000)
         on conflict do update set state = excluded.state, letter = excluded.letter, at = excluded.at
         where tidegate_marker.state = 'dead'
           and (excluded.state = 'done' or tidegate_marker.letter is ?6)",
    )
    .bind(&claim.group)
    .bind(&claim.handler)
    .bind(claim.event_id.as_str())
    .bind(state)
    .bind(letter)
    .bind(known)
    .execute(tx)
    .await
    .map_err(error::store)?;
    if written.rows_affected() == 0 { Err(StoreError::Duplicate) } else { Ok(()) }
}

impl InboxSession for SqliteSession {
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }

    fn commit(
        self: Box<Self>,
        marker: Marker,
        outbox: Vec<OutboxRow>,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(self.seal(marker, outbox))
    }
}

impl InboxDatabase for Sqlite {
    type Session = SqliteSession;
    type Tx = SqliteTx;
    const NAME: &'static str = "Sqlite";

    fn tx(session: &SqliteSession) -> &SqliteTx {
        &session.tx
    }

    fn tx_mut(session: &mut SqliteSession) -> &mut SqliteTx {
        &mut session.tx
    }
}

//! The `database` store in one SQLite file.
//!
//! SQLite has one writer. Here it is one connection with a fair queue in front, so that handlers wait for
//! each other and not for SQLite's busy timer. Outbox rows are struck on a second connection, in the same queue,
//! with `synchronous=NORMAL`; everything else is on the disk when it is committed (`synchronous=FULL`).

mod open;
mod schema;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Arguments, Error, Executor, Row, Sqlite};

use crate::broker::BoxFuture;
use crate::inbox::sql::{
    SqlDatabase, SqlInbox, SqlSession, SqlTx, Statement, Value, error, sql_methods,
};
use crate::inbox::{InboxDatabase, StoreError};

/// The store in one file. Cheap to clone; clones share their connections.
pub type SqliteInbox = SqlInbox<Sqlite>;

/// What `&mut *inbox` of an `Inbox<Sqlite>` is.
pub type SqliteTx = SqlTx<Sqlite>;

/// The session of one claim.
pub type SqliteSession = SqlSession<Sqlite>;

impl SqlDatabase for Sqlite {
    const SCHEME: &'static str = "sqlite";
    const BEGIN: &'static str = "begin immediate";
    const OWNER: &'static str = "select epoch, 1 as open from tidegate_owner where grp = $1 and topic = $2 and partition = $3";
    const STRIKE: &'static str =
        "delete from tidegate_outbox where grp = $1 and handler = $2 and event_id = $3
         and ordinal in (select value from json_each($4))";

    fn create<'c>(
        tx: &'c mut SqliteConnection,
        _: Option<&'c str>,
    ) -> BoxFuture<'c, Result<(), Error>> {
        Box::pin(async { tx.execute(sqlx::raw_sql(schema::TABLES)).await.map(drop) })
    }

    fn check_open(tx: &mut SqliteConnection) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(check_open(tx))
    }

    sql_methods!();
}

/// After a full disk or an I/O error SQLite rolls back by itself. A handler that passes over that error must not get a
/// marker for an effect that is gone: what followed would be written by itself. Only a transaction refuses a `BEGIN`.
async fn check_open(tx: &mut SqliteConnection) -> Result<(), StoreError> {
    match tx.execute(sqlx::raw_sql("begin")).await {
        Err(Error::Database(refused)) if refused.code().as_deref() == Some("1") => Ok(()),
        Err(error) => Err(error::store(error)),
        Ok(_) => Err(StoreError::Unavailable(
            "SQLite has rolled the transaction back, as after a full disk: its effect is gone"
                .to_owned(),
        )),
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

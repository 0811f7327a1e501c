//! The `database` store in PostgreSQL: for services on several machines.
//!
//! Several instances write at once. What keeps their effects apart is the owner row, which an effect locks `for share`
//! and a new owner changes (decision 9), and the unique keys of markers.
//!
//! Connections per process: at most 8 that write, 4 that look up, 2 that strike outbox rows; 14 in all, opened as they are
//! needed. A transaction begins with the handler's first statement, at `read committed`; another level can be its first
//! statement. One that waits over a minute between two statements is ended by the server, so that an instance that
//! was cut off blocks nobody for longer.
//!
//! After a failed statement PostgreSQL gives the whole transaction up: a handler that passes over the error cannot be
//! committed. Write `on conflict do nothing`, or use a savepoint. A pooler in between must keep a session to itself
//! (session pooling).

mod open;
mod schema;

use sqlx::postgres::PgConnection;
use sqlx::{Arguments, Error, Executor, Postgres, Row};

use crate::broker::BoxFuture;
use crate::inbox::sql::{SqlDatabase, SqlInbox, SqlSession, SqlTx, Statement, Value, sql_methods};
use crate::inbox::{InboxDatabase, StoreError};

/// The store in a PostgreSQL database. Cheap to clone; clones share their connections.
pub type PostgresInbox = SqlInbox<Postgres>;

/// What `&mut *inbox` of an `Inbox<Postgres>` is.
pub type PostgresTx = SqlTx<Postgres>;

/// The session of one claim.
pub type PostgresSession = SqlSession<Postgres>;

impl SqlDatabase for Postgres {
    const SCHEME: &'static str = "postgres";
    /// The setting is gone when the transaction is: see `OWNER`.
    const BEGIN: &'static str =
        "begin isolation level read committed; set local tidegate.attempt = 'open'";
    /// `open` needs no question of its own: a transaction that a handler has ended has taken the setting along.
    const OWNER: &'static str = "
        select epoch,
               case current_setting('tidegate.attempt', true) when 'open' then 1 else 0 end::bigint as open
        from tidegate_owner where grp = $1 and topic = $2 and partition = $3 for share";
    const STRIKE: &'static str =
        "delete from tidegate_outbox where grp = $1 and handler = $2 and event_id = $3
         and ordinal in (select value::bigint from json_array_elements_text($4::json))";

    fn create<'c>(
        tx: &'c mut PgConnection,
        schema: Option<&'c str>,
    ) -> BoxFuture<'c, Result<(), Error>> {
        Box::pin(schema::create(tx, schema))
    }

    /// The server never ends one silently: after a failure it refuses every statement, and the owner row tells the rest.
    fn check_open(_: &mut PgConnection) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    sql_methods!();
}

impl InboxDatabase for Postgres {
    type Session = PostgresSession;
    type Tx = PostgresTx;
    const NAME: &'static str = "Postgres";

    fn tx(session: &PostgresSession) -> &PostgresTx {
        &session.tx
    }

    fn tx_mut(session: &mut PostgresSession) -> &mut PostgresTx {
        &mut session.tx
    }
}

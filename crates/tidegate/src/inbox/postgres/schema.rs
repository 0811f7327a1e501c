//! The store's own tables. Version 1.

use sqlx::{Error, Executor, PgConnection, Row};

/// `create .. if not exists` is no protection against another who creates the same at the same time: one of the two fails
/// on the catalogue's unique index. This lock, held until the transaction ends, is. Any number, as long as it stays.
const LOCK: &str = "select pg_advisory_xact_lock(8388347219470917733)";

const TABLES: &str = "
create table tidegate_schema (version bigint not null);

create table tidegate_marker (
    grp      text not null,
    handler  text not null,
    event_id text not null,
    state    text not null check (state in ('done', 'dead')),
    letter   text,
    at       bigint not null,
    primary key (grp, handler, event_id)
);

create table tidegate_outbox (
    grp       text not null,
    handler   text not null,
    event_id  text not null,
    ordinal   bigint not null,
    topic     text not null,
    partition bigint,
    key       bytea,
    value     bytea,
    headers   bytea not null,
    timestamp bigint,
    primary key (grp, handler, event_id, ordinal)
);

create table tidegate_owner (
    grp       text not null,
    topic     text not null,
    partition bigint not null,
    epoch     bigint not null,
    primary key (grp, topic, partition)
) with (fillfactor = 50);
";

/// Creates what is not there. A user who may not create anything can still use what others have made.
pub(super) async fn create(tx: &mut PgConnection, schema: Option<&str>) -> Result<(), Error> {
    tx.execute(LOCK).await?;
    if there(tx, "select to_regclass('tidegate_schema') is not null").await? {
        return Ok(());
    }
    if let Some(schema) = schema {
        let query = sqlx::query("select to_regnamespace($1) is not null").bind(schema);
        let known: bool = tx.fetch_one(query).await?.try_get(0)?;
        if !known {
            // `open_in` has checked the name.
            let create = format!("create schema {schema}");
            tx.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(create))).await?;
        }
    }
    tx.execute(sqlx::raw_sql(TABLES)).await.map(drop)
}

async fn there(tx: &mut PgConnection, question: &'static str) -> Result<bool, Error> {
    tx.fetch_one(question).await?.try_get(0)
}

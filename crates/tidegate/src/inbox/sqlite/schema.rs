//! The store's own tables. Version 1.

use sqlx::SqlitePool;

use crate::inbox::StoreError;
use crate::inbox::sqlite::error;

/// Raised with every change of the tables; version n reads n-1.
const VERSION: i64 = 1;

const TABLES: &str = "
create table if not exists tidegate_schema (version integer not null) strict;

create table if not exists tidegate_marker (
    grp      text not null,
    handler  text not null,
    event_id text not null,
    state    text not null check (state in ('done', 'dead')),
    letter   text,
    at       integer not null,
    primary key (grp, handler, event_id)
) strict, without rowid;

create table if not exists tidegate_outbox (
    grp       text not null,
    handler   text not null,
    event_id  text not null,
    ordinal   integer not null,
    topic     text not null,
    partition integer,
    key       blob,
    value     blob,
    headers   blob not null,
    timestamp integer,
    primary key (grp, handler, event_id, ordinal)
) strict, without rowid;

create table if not exists tidegate_owner (
    grp       text not null,
    topic     text not null,
    partition integer not null,
    epoch     integer not null,
    primary key (grp, topic, partition)
) strict, without rowid;
";

/// Creates the tables, or refuses those of a newer version.
pub(super) async fn prepare(writer: &SqlitePool) -> Result<(), StoreError> {
    let mut tx = writer.begin_with("begin immediate").await.map_err(error::store)?;
    sqlx::raw_sql(TABLES).execute(&mut *tx).await.map_err(error::store)?;
    let found: Option<i64> = sqlx::query_scalar("select version from tidegate_schema")
        .fetch_optional(&mut *tx)
        .await
        .map_err(error::store)?;
    match found {
        None => {
            sqlx::query("insert into tidegate_schema (version) values (?)")
                .bind(VERSION)
                .execute(&mut *tx)
                .await
                .map_err(error::store)?;
        }
        Some(version) if version > VERSION => {
            return Err(StoreError::Broken(format!(
                "its tables are of version {version}, this program knows {VERSION}: start the newer program"
            )));
        }
        Some(_) => {}
    }
    tx.commit().await.map_err(error::store)
}

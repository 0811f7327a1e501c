//! The read model's tables, and how an older file gets the newer ones.

use sqlx::{Connection, Row, SqliteConnection};

use super::ModelError;

/// What each version adds to the one before; version `n` is reached by the first `n` of them. Only ever appended to.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql")];

/// Brings the read model to this program's version. Each step and its version number are one transaction, so a kill
/// in between leaves the older version whole (test `a_second_start_changes_nothing`).
///
/// # Errors
/// [`ModelError::Newer`] when a newer program wrote the file; [`ModelError::Database`] for anything else.
pub async fn migrate(connection: &mut SqliteConnection) -> Result<(), ModelError> {
    sqlx::query("create table if not exists orders_schema (version integer not null) strict")
        .execute(&mut *connection)
        .await?;
    let known = MIGRATIONS.len();
    loop {
        let version = version(connection).await?;
        if version > known {
            return Err(ModelError::Newer { found: version, known });
        }
        let Some(step) = MIGRATIONS.get(version) else { return Ok(()) };
        apply(connection, step, version).await?;
    }
}

async fn version(connection: &mut SqliteConnection) -> Result<usize, ModelError> {
    let row = sqlx::query("select coalesce(max(version), 0) from orders_schema")
        .fetch_one(connection)
        .await?;
    let version: i64 = row.try_get(0)?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// One step. Another process may have been faster: the version is looked at again under the write lock.
async fn apply(
    connection: &mut SqliteConnection,
    step: &'static str,
    from: usize,
) -> Result<(), ModelError> {
    let mut tx = connection.begin_with("begin immediate").await?;
    if version(&mut tx).await? == from {
        sqlx::raw_sql(step).execute(&mut *tx).await?;
        sqlx::query("insert into orders_schema (version) values (?)")
            .bind(from as i64 + 1)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(())
}

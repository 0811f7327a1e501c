//! The read model's tables, and how older ones get the newer ones.

use super::ModelError;
use super::sql::{Connection, Statement};

/// A step, for each database.
struct Step {
    sqlite: &'static str,
    postgres: &'static str,
}

/// What each version adds to the one before; version `n` is reached by the first `n` of them. Only ever appended to.
const MIGRATIONS: &[Step] = &[Step {
    sqlite: include_str!("schema.sqlite.sql"),
    postgres: include_str!("schema.postgres.sql"),
}];

/// On PostgreSQL several consumers may start at once: one after the other. Any number, as long as it stays.
const LOCK: &str = "select pg_advisory_xact_lock(3405691582713045001)";

/// Brings the read model to this program's version. All steps and the version number are one transaction, so a kill
/// in between leaves the older version whole (test `a_second_start_changes_nothing`).
///
/// # Errors
/// [`ModelError::Newer`] when a newer program wrote it; [`ModelError::Database`] for anything else.
pub async fn migrate(connection: &mut Connection<'_>) -> Result<(), ModelError> {
    let begin = match connection {
        Connection::Sqlite(_) => "begin immediate",
        Connection::Postgres(_) => "begin",
    };
    connection.script(begin).await?;
    let done = steps(connection).await;
    let end = if done.is_ok() { "commit" } else { "rollback" };
    let ended = connection.script(end).await;
    done.and(ended.map_err(ModelError::from))
}

async fn steps(connection: &mut Connection<'_>) -> Result<(), ModelError> {
    if let Connection::Postgres(_) = connection {
        connection.script(LOCK).await?;
    }
    let found = version(connection).await?;
    let known = MIGRATIONS.len();
    if found > known {
        return Err(ModelError::Newer { found, known });
    }
    for (step, version) in MIGRATIONS.iter().zip(1_i64..).skip(found) {
        connection
            .script(match connection {
                Connection::Sqlite(_) => step.sqlite,
                Connection::Postgres(_) => step.postgres,
            })
            .await?;
        let write = Statement::new("insert into orders_schema (version) values ($1)");
        connection.run(write.number(version)).await?;
    }
    Ok(())
}

/// The version that was reached, 0 before the first. Who may only use what is there creates nothing.
async fn version(connection: &mut Connection<'_>) -> Result<usize, ModelError> {
    let known = match connection {
        Connection::Sqlite(_) => "select 1 from sqlite_schema where name = 'orders_schema'",
        Connection::Postgres(_) => "select 1 where to_regclass('orders_schema') is not null",
    };
    if connection.row(Statement::new(known)).await?.is_none() {
        connection.script("create table orders_schema (version bigint not null)").await?;
    }
    let question = "select coalesce(max(version), 0) as version from orders_schema";
    let row = connection.row(Statement::new(question)).await?.ok_or(sqlx::Error::RowNotFound)?;
    Ok(usize::try_from(row.number("version")?).unwrap_or(usize::MAX))
}

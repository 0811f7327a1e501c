//! A read model under test, on either database.

use tempfile::TempDir;

use super::{Connection, Database, Store, migrate};
use crate::config::Secret;

/// The same tests on each database. A test that is not listed is unused code, which the compiler reports.
macro_rules! on_each_database {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $test() {
                super::$test($crate::model::Database::Sqlite).await;
            })*
        }

        mod postgres {
            $(#[tokio::test] async fn $test() {
                super::$test($crate::model::Database::Postgres).await;
            })*
        }
    };
}
pub(crate) use on_each_database;

/// A place of its own.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) store: Store,
    _folder: TempDir,
}

impl Place {
    pub(crate) fn new(database: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = match database {
            Database::Sqlite => Store::Sqlite(folder.path().join("orders.db")),
            Database::Postgres => Store::Postgres(new_database()),
        };
        Self { store, _folder: folder }
    }

    /// The consumer's side of it.
    pub(crate) async fn writer(&self) -> Writer {
        self.store.open().await.unwrap();
        match &self.store {
            Store::Sqlite(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                Writer::Sqlite(sqlx::ConnectOptions::connect(&options).await.unwrap())
            }
            Store::Postgres(url) => {
                let options =
                    super::postgres(url).unwrap().options([("search_path", super::SCHEMA)]);
                Writer::Postgres(sqlx::ConnectOptions::connect(&options).await.unwrap())
            }
        }
    }
}

/// The URL of an empty PostgreSQL database.
pub(crate) fn new_database() -> Secret {
    test_servers::LocalPostgres::shared().database().parse().unwrap()
}

/// A connection that may write.
#[derive(Debug)]
pub(crate) enum Writer {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Writer {
    pub(crate) fn connection(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            Self::Postgres(connection) => Connection::Postgres(connection),
        }
    }

    pub(crate) async fn execute(&mut self, sql: &'static str) {
        self.connection().script(sql).await.unwrap();
    }

    pub(crate) async fn migrate(&mut self) -> Result<(), super::ModelError> {
        migrate(&mut self.connection()).await
    }
}

//! The stores that the tests run on: a SQLite file, a PostgreSQL database.

use sqlx::{AssertSqlSafe, Executor, Postgres, Sqlite};
use tidegate::inbox::{InboxDatabase, SqlDatabase, SqlInbox};

/// The same tests on each store. A test that is not listed is unused code, which the compiler reports.
macro_rules! on_each_store {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $test() { super::$test::<sqlx::Sqlite>().await; })*
        }

        mod postgres {
            $(#[tokio::test] async fn $test() { super::$test::<sqlx::Postgres>().await; })*
        }
    };
}
pub(crate) use on_each_store;

/// What the tests do with a database.
pub(crate) trait Db: SqlDatabase + InboxDatabase {
    /// What must live as long as the store.
    type Place: Send + Sync;

    /// A store in a new database.
    async fn open() -> (SqlInbox<Self>, Self::Place);

    /// Executes statements.
    async fn execute(store: &SqlInbox<Self>, sql: &'static str);

    /// Adds a row, in a handler's transaction.
    fn insert(
        tx: &mut <Self as InboxDatabase>::Tx,
        table: &str,
        id: &str,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// How many rows a table has.
    async fn count(store: &SqlInbox<Self>, table: &str) -> i64;
}

macro_rules! statements {
    () => {
        async fn execute(store: &SqlInbox<Self>, sql: &'static str) {
            store.writer().execute(sqlx::raw_sql(sql)).await.unwrap();
        }

        async fn insert(
            tx: &mut <Self as InboxDatabase>::Tx,
            table: &str,
            id: &str,
        ) -> Result<(), sqlx::Error> {
            let sql = AssertSqlSafe(format!("insert into {table} (id) values ($1)"));
            sqlx::query(sql).bind(id).execute(tx.connection().await?).await.map(drop)
        }

        async fn count(store: &SqlInbox<Self>, table: &str) -> i64 {
            let sql = AssertSqlSafe(format!("select count(*) from {table}"));
            sqlx::query_scalar(sql).fetch_one(store.reader()).await.unwrap()
        }
    };
}

impl Db for Sqlite {
    type Place = tempfile::TempDir;

    async fn open() -> (SqlInbox<Self>, Self::Place) {
        let folder = tempfile::tempdir().unwrap();
        (SqlInbox::<Self>::open(folder.path().join("notes.db")).await.unwrap(), folder)
    }

    statements!();
}

impl Db for Postgres {
    type Place = ();

    async fn open() -> (SqlInbox<Self>, Self::Place) {
        let url = test_servers::LocalPostgres::shared().database();
        (SqlInbox::<Self>::open_in(&url, "notes").await.unwrap(), ())
    }

    statements!();
}

//! What sqlx's macros ask an executor: columns and parameters of a statement, without running it. A handler's transaction
//! answers, and sees its own tables.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use sqlx::{Column, Either, Executor, SqlSafeStr, TypeInfo};
use tidegate::inbox::sqlite::SqliteInbox;
use tidegate::prelude::*;
use tidegate::testing::{Saw, TestService};
use tokio::sync::mpsc;

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Asked {
    id: String,
    statement: String,
}

impl Event for Asked {
    const TYPE: &'static str = "asked";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

type Described = Result<sqlx::Describe<Sqlite>, sqlx::Error>;

async fn describe(
    Payload(asked): Payload<Asked>,
    State(said): State<mpsc::UnboundedSender<Described>>,
    mut tx: Inbox<Sqlite>,
) -> Result<(), sqlx::Error> {
    let table = sqlx::query("create table own (n integer not null, t text)");
    table.execute(&mut *tx).await?;
    let statement = sqlx::AssertSqlSafe(asked.statement).into_sql_str();
    said.send((&mut *tx).describe(statement).await).unwrap();
    Ok(())
}

async fn described(statement: &str) -> Described {
    let (said, mut heard) = mpsc::unbounded_channel();
    let store = Arc::new(SqliteInbox::in_memory().await.unwrap());
    let routes = Topic::json("questions").on(describe).inbox(store).with_state(said);
    let service = TestService::new(routes).await;
    service.publish("questions", &Asked { id: "a".into(), statement: statement.into() }).await;
    service.settled().await;
    assert_eq!(service.outcomes("a"), [Saw::Done]);
    heard.recv().await.unwrap()
}

#[tokio::test]
async fn a_transaction_describes_a_statement_on_a_table_of_its_own() {
    let described = described("select n, t from own where n > ?").await.unwrap();
    let columns: Vec<_> =
        described.columns().iter().map(|c| (c.name(), c.type_info().name())).collect();
    assert_eq!(columns, [("n", "INTEGER"), ("t", "TEXT")]);
    assert!(matches!(described.parameters(), Some(Either::Right(1))));
    assert_eq!((described.nullable(0), described.nullable(1)), (Some(false), Some(true)));
}

#[tokio::test]
async fn a_statement_that_cannot_be_described_says_why() {
    let error = described("select x from nowhere").await.map(drop).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}

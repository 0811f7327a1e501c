//! What sqlx's macros ask an executor: columns and parameters of a statement, without running it.

use sqlx::{Column, Either, Executor, SqlSafeStr, TypeInfo};

use super::*;

#[tokio::test]
async fn a_transaction_describes_a_statement_and_sees_its_own_tables() {
    let f = fixture().await;
    let delivery = delivery(f.fresh("e1").await);
    {
        let mut tx = Inbox::<Sqlite>::from_delivery(&delivery, &()).await.unwrap();
        let created = sqlx::query("create table own (n integer not null, t text)");
        created.execute(&mut *tx).await.unwrap();
        let described = tx.describe("select n, t from own where n > ?".into_sql_str()).await;
        let described = described.unwrap();
        let columns: Vec<_> =
            described.columns().iter().map(|c| (c.name(), c.type_info().name())).collect();
        assert_eq!(columns, [("n", "INTEGER"), ("t", "TEXT")]);
        assert!(matches!(described.parameters(), Some(Either::Right(1))));
        assert_eq!((described.nullable(0), described.nullable(1)), (Some(false), Some(true)));
    }
    drop(delivery);
    assert_eq!(f.effects().await, 0);
}

#[tokio::test]
async fn a_statement_that_cannot_be_described_says_why() {
    let f = fixture().await;
    let delivery = delivery(f.fresh("e1").await);
    let mut tx = Inbox::<Sqlite>::from_delivery(&delivery, &()).await.unwrap();
    let error = tx.describe("select x from nowhere".into_sql_str()).await.map(drop).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}

//! What only SQLite does: files that are no databases, and the user's statements on `&mut *tx`.

use sqlx::Sqlite;

use super::*;
use crate::inbox::sqlite::SqliteInbox;

#[tokio::test]
async fn a_path_that_is_no_database_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.db");
    std::fs::write(&path, "this is not a database, it is long enough to look like one".repeat(99))
        .unwrap();
    let error = SqliteInbox::open(&path).await.map(drop).unwrap_err();
    assert!(error.to_string().contains("text.db"), "{error}");
}

#[tokio::test]
async fn statements_run_on_the_inbox_itself() {
    let f = Fixture::<Sqlite>::new().await;
    let delivery = delivery(f.fresh("e1").await);
    {
        let mut tx = Inbox::<Sqlite>::from_delivery(&delivery, &()).await.unwrap();
        sqlx::query("insert into effect values (?)").bind("e1").execute(&mut *tx).await.unwrap();
        sqlx::query("select id from effect").fetch_one(&mut *tx).await.unwrap();
    }
    let session = delivery.inbox.take().unwrap();
    session.commit(Marker::Done, vec![]).await.unwrap();
    assert_eq!(f.effects().await, 1);
}

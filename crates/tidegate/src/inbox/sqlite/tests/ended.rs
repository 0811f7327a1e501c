//! Transactions that SQLite ends by itself: a full disk, an I/O error.

use super::*;

/// What a handler passes on whose transaction was ended by SQLite itself, as after a full disk: here a statement does it.
async fn ended(session: Box<dyn InboxSession>) -> Box<dyn InboxSession> {
    let delivery = delivery(effect(session, "gone").await);
    {
        let mut tx = Inbox::<Sqlite>::from_delivery(&delivery, &()).await.unwrap();
        sqlx::query("rollback").execute(&mut *tx).await.unwrap();
    }
    delivery.inbox.take().unwrap()
}

#[tokio::test]
async fn a_transaction_that_sqlite_has_ended_writes_no_marker() {
    let f = fixture().await;
    let session = ended(f.fresh("e1").await).await;
    let error = session.commit(Marker::Done, vec![row(0, "x")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    f.fresh("e1").await;
    assert_eq!(f.effects().await, 0);
}

#[tokio::test]
async fn a_transaction_that_sqlite_has_ended_spoils_no_other() {
    let f = fixture().await;
    drop(ended(f.fresh("e1").await).await);
    let session = effect(f.fresh("e1").await, "e1").await;
    session.commit(Marker::Done, vec![]).await.unwrap();
    assert_eq!(f.effects().await, 1);
}

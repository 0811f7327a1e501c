//! The store's promises, on a real file.

mod ended;

use bytes::Bytes;
use sqlx::{Row, Sqlite};
use tempfile::TempDir;

use super::outbox::{decode, encode};
use super::{SqliteInbox, SqliteSession};
use crate::delivery::Delivery;
use crate::event::EventId;
use crate::extract::FromDelivery;
use crate::headers::{Header, Headers};
use crate::inbox::{
    Claim, Claimed, Inbox, InboxRejection, InboxSession, InboxStore, Marker, OutboxRow, StoreError,
};
use crate::message::{NewRecord, Offset, Partition, Record, Timestamp, TopicName, TopicPartition};

struct Fixture {
    store: SqliteInbox,
    epoch: i64,
    _folder: TempDir,
}

fn partition() -> TopicPartition {
    TopicPartition::new(TopicName::new("orders").unwrap(), Partition(1))
}

async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteInbox::open(folder.path().join("t.db")).await.unwrap();
    store.prepare().await.unwrap();
    sqlx::raw_sql("create table effect (id text)").execute(store.writer()).await.unwrap();
    let epoch = store.own("g", &partition()).await.unwrap();
    Fixture { store, epoch, _folder: folder }
}

impl Fixture {
    fn claim(&self, id: &str) -> Claim {
        Claim {
            group: "g".into(),
            handler: "h".into(),
            event_id: EventId::new(id),
            partition: partition(),
            owner_epoch: self.epoch,
        }
    }

    async fn fresh(&self, id: &str) -> Box<dyn InboxSession> {
        match self.store.claim(self.claim(id)).await.unwrap() {
            Claimed::Fresh(session) => session,
            other => panic!("not fresh: {other:?}"),
        }
    }

    async fn effects(&self) -> i64 {
        let row = sqlx::query("select count(*) from effect").fetch_one(self.store.reader());
        row.await.unwrap().get(0)
    }
}

fn delivery(session: Box<dyn InboxSession>) -> Delivery {
    let record = Record {
        topic: partition().topic,
        partition: partition().partition,
        offset: Offset(0),
        timestamp: Timestamp(0),
        key: None,
        value: None,
        headers: Headers::new(),
    };
    let inbox = crate::delivery::InboxSlot::default();
    inbox.put(session);
    Delivery {
        record: record.into(),
        event_id: EventId::new("e"),
        event_type: "t".into(),
        correlation_id: "c".into(),
        attempt: 1,
        group: "g".into(),
        handler: "h".into(),
        inbox,
        dead: None,
    }
}

/// What a handler does: takes its inbox, writes its effect, and lets go.
async fn effect(session: Box<dyn InboxSession>, id: &str) -> Box<dyn InboxSession> {
    let delivery = delivery(session);
    {
        let mut tx = Inbox::<Sqlite>::from_delivery(&delivery, &()).await.unwrap();
        sqlx::query("insert into effect values (?)").bind(id).execute(&mut *tx).await.unwrap();
    }
    delivery.inbox.take().unwrap()
}

fn row(ordinal: u32, value: &'static str) -> OutboxRow {
    let record = NewRecord::new(TopicName::new("out").unwrap()).value(value).header("a", "1");
    OutboxRow { ordinal, record }
}

#[tokio::test]
async fn effect_marker_and_outbox_commit_together() {
    let f = fixture().await;
    let session = f.fresh("e1").await;
    let session = effect(session, "e1").await;
    session.commit(Marker::Done, vec![row(0, "x"), row(1, "y")]).await.unwrap();

    assert_eq!(f.effects().await, 1);
    assert!(matches!(f.store.claim(f.claim("e1")).await.unwrap(), Claimed::Done { owes: true }));
    let owed = f.store.owed(&f.claim("e1")).await.unwrap();
    assert_eq!(owed, [row(0, "x"), row(1, "y")]);
    f.store.strike(&f.claim("e1"), &[0, 1]).await.unwrap();
    assert!(matches!(f.store.claim(f.claim("e1")).await.unwrap(), Claimed::Done { owes: false }));
}

#[tokio::test]
async fn a_dropped_session_leaves_nothing() {
    let f = fixture().await;
    let session = f.fresh("e1").await;
    let session = effect(session, "e1").await;
    drop(session);
    // The next transaction waits for the roll-back: one connection writes.
    f.fresh("e2").await.commit(Marker::Done, vec![]).await.unwrap();
    assert_eq!(f.effects().await, 0);
    assert!(matches!(f.store.claim(f.claim("e1")).await.unwrap(), Claimed::Fresh(_)));
}

/// Rule 10.
#[tokio::test]
async fn a_fenced_owner_writes_nothing() {
    let f = fixture().await;
    let session = f.fresh("e1").await;
    let next = f.store.own("g", &partition()).await.unwrap();
    assert_eq!(next, f.epoch + 1);
    let session = effect(session, "e1").await;
    assert_eq!(session.commit(Marker::Done, vec![]).await, Err(StoreError::Fenced));
    f.fresh("e2").await;
    assert_eq!(f.effects().await, 0);
    assert_eq!(f.store.marker("g", "h", &EventId::new("e1")).await.unwrap(), None);
}

/// Rule 28: a unique violation is a duplicate, not an error.
#[tokio::test]
async fn a_second_done_is_a_duplicate() {
    let f = fixture().await;
    let first = f.fresh("e1").await;
    let second = f.fresh("e1").await;
    first.commit(Marker::Done, vec![]).await.unwrap();
    let second = effect(second, "again").await;
    assert_eq!(second.commit(Marker::Done, vec![]).await, Err(StoreError::Duplicate));
    assert_eq!(f.effects().await, 0);
}

/// Rule 25: `Done` beats `Dead`, and nothing beats `Done`.
#[tokio::test]
async fn done_beats_dead() {
    let f = fixture().await;
    let dead = |letter: &str| Marker::Dead { letter: letter.into() };
    f.fresh("e1").await.commit(dead("dlq/0/1"), vec![row(0, "failed")]).await.unwrap();
    let Claimed::Dead { letter, session, owes } = f.store.claim(f.claim("e1")).await.unwrap()
    else {
        panic!("not dead")
    };
    assert_eq!((letter.as_str(), owes), ("dlq/0/1", true));
    session.commit(Marker::Done, vec![row(0, "completed")]).await.unwrap();
    // What the dead-letter handler still owed comes first, and is not overwritten.
    let owed = f.store.owed(&f.claim("e1")).await.unwrap();
    assert_eq!(owed, [row(0, "failed"), row(1, "completed")]);

    let late = SqliteSession::new(&f.store, f.claim("e1"), None);
    let late = Box::new(late).commit(dead("dlq/0/2"), vec![]).await;
    assert_eq!(late, Err(StoreError::Duplicate));
    assert_eq!(f.store.marker("g", "h", &EventId::new("e1")).await.unwrap(), Some(Marker::Done));
}

/// Rule 31: of twins that are both given up, one dead-letter handler has its effect.
#[tokio::test]
async fn a_letter_replaces_only_the_one_that_its_claim_knew() {
    let f = fixture().await;
    let dead = |letter: &str| Marker::Dead { letter: letter.into() };
    let (first, twin) = (f.fresh("e1").await, f.fresh("e1").await);
    first.commit(dead("dlq/0/1"), vec![]).await.unwrap();
    let twin = effect(twin, "twice").await;
    assert_eq!(twin.commit(dead("dlq/0/2"), vec![]).await, Err(StoreError::Duplicate));
    assert_eq!(f.effects().await, 0);

    let Claimed::Dead { session, .. } = f.store.claim(f.claim("e1")).await.unwrap() else {
        panic!("not dead")
    };
    session.commit(dead("dlq/0/3"), vec![]).await.unwrap();
    let marker = f.store.marker("g", "h", &EventId::new("e1")).await.unwrap();
    assert_eq!(marker, Some(dead("dlq/0/3")), "a replay that died again");
}

/// No lock is held while a handler waits for something else.
#[tokio::test]
async fn the_transaction_begins_with_the_first_statement() {
    let f = fixture().await;
    let slow = f.fresh("e1").await;
    f.fresh("e2").await.commit(Marker::Done, vec![]).await.unwrap();
    let slow = effect(slow, "e1").await;
    slow.commit(Marker::Done, vec![]).await.unwrap();
}

#[tokio::test]
async fn tables_of_a_newer_version_are_refused() {
    let f = fixture().await;
    sqlx::raw_sql("update tidegate_schema set version = 99")
        .execute(f.store.writer())
        .await
        .unwrap();
    let Err(StoreError::Broken(why)) = f.store.prepare().await else { panic!("accepted") };
    assert!(why.contains("version 99"), "{why}");
}

#[tokio::test]
async fn a_path_that_is_no_database_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.db");
    std::fs::write(&path, "this is not a database, it is long enough to look like one".repeat(99))
        .unwrap();
    let error = SqliteInbox::open(&path).await.map(drop).unwrap_err();
    assert!(error.to_string().contains("text.db"), "{error}");
}

#[test]
fn headers_have_a_fixed_form() {
    let headers: Headers = [
        Header { name: "a".into(), value: Some(Bytes::from_static(b"xy")) },
        Header { name: "n".into(), value: None },
    ]
    .into_iter()
    .collect();
    let golden = b"\x01\x01\0\0\0a\x02\0\0\0xy\x01\0\0\0n\xff\xff\xff\xff";
    assert_eq!(encode(&headers), golden);
    assert_eq!(decode(Bytes::from_static(golden)), Some(headers));
    for cut in 1..golden.len() {
        let whole = decode(Bytes::copy_from_slice(&golden[..cut]));
        assert!(whole.is_none_or(|h| h.len() < 2), "cut at {cut}");
    }
}

/// A second `Inbox` argument would be a second transaction: there is none.
#[tokio::test]
async fn one_handler_has_one_inbox() {
    let f = fixture().await;
    let delivery = delivery(f.fresh("e1").await);
    let _held = Inbox::<Sqlite>::from_delivery(&delivery, &()).await.unwrap();
    let second = Inbox::<Sqlite>::from_delivery(&delivery, &()).await;
    assert_eq!(second.map(drop), Err(InboxRejection::NoSession("Sqlite")));
}

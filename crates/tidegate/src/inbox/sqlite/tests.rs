//! The store's promises, on a real file.

use bytes::Bytes;
use sqlx::Row;
use tempfile::TempDir;

use super::outbox::{decode, encode};
use super::{SqliteInbox, SqliteSession};
use crate::event::EventId;
use crate::headers::{Header, Headers};
use crate::inbox::{Claim, Claimed, InboxSession, InboxStore, Marker, OutboxRow, StoreError};
use crate::message::{NewRecord, Partition, TopicName, TopicPartition};

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

async fn effect(session: &mut Box<dyn InboxSession>, id: &str) {
    let session = session.as_any().downcast_mut::<SqliteSession>().unwrap();
    sqlx::query("insert into effect values (?)").bind(id).execute(session.tx()).await.unwrap();
}

fn row(ordinal: u32, value: &'static str) -> OutboxRow {
    let record = NewRecord::new(TopicName::new("out").unwrap()).value(value).header("a", "1");
    OutboxRow { ordinal, record }
}

#[tokio::test]
async fn effect_marker_and_outbox_commit_together() {
    let f = fixture().await;
    let mut session = f.fresh("e1").await;
    effect(&mut session, "e1").await;
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
    let mut session = f.fresh("e1").await;
    effect(&mut session, "e1").await;
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
    let mut session = f.fresh("e1").await;
    let next = f.store.own("g", &partition()).await.unwrap();
    assert_eq!(next, f.epoch + 1);
    effect(&mut session, "e1").await;
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
    let mut second = f.fresh("e1").await;
    first.commit(Marker::Done, vec![]).await.unwrap();
    effect(&mut second, "again").await;
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

    let late = SqliteSession::new(f.store.writer().clone(), f.claim("e1"));
    let late = Box::new(late).commit(dead("dlq/0/2"), vec![]).await;
    assert_eq!(late, Err(StoreError::Duplicate));
    assert_eq!(f.store.marker("g", "h", &EventId::new("e1")).await.unwrap(), Some(Marker::Done));
}

/// No lock is held while a handler waits for something else.
#[tokio::test]
async fn the_transaction_begins_with_the_first_statement() {
    let f = fixture().await;
    let mut slow = f.fresh("e1").await;
    f.fresh("e2").await.commit(Marker::Done, vec![]).await.unwrap();
    effect(&mut slow, "e1").await;
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

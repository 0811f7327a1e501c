//! The store's promises, on each database: a real file, a real server.

#[cfg(feature = "sqlite")]
mod file;
mod fixture;
#[cfg(feature = "postgres")]
mod race_postgres;
#[cfg(feature = "postgres")]
mod server_postgres;

use bytes::Bytes;
use fixture::{Fixture, TestDatabase, delivery, effect, on_each_database, partition, row};

use crate::extract::FromDelivery;
use crate::inbox::sql::Statement;
use crate::inbox::{
    Claimed, Inbox, InboxDatabase, InboxRejection, InboxSession, InboxStore, Marker, StoreError,
};
use crate::message::{Partition, Timestamp};

on_each_database!(
    effect_marker_and_outbox_commit_together,
    what_is_emitted_is_owed_as_it_is,
    a_dropped_session_leaves_nothing,
    a_fenced_owner_writes_nothing,
    a_second_done_is_a_duplicate,
    done_beats_dead,
    a_letter_replaces_only_the_one_that_its_claim_knew,
    the_transaction_begins_with_the_first_statement,
    a_transaction_that_its_handler_has_ended_gets_no_marker,
    tables_of_a_newer_version_are_refused,
    one_handler_has_one_inbox,
);

async fn effect_marker_and_outbox_commit_together<D: TestDatabase>(f: Fixture<D>) {
    let session = f.fresh("e1").await;
    let session = effect::<D>(session, "e1").await;
    session.commit(Marker::Done, vec![row(0, "x"), row(1, "y")]).await.unwrap();

    assert_eq!(f.effects().await, 1);
    assert!(matches!(f.store.claim(f.claim("e1")).await.unwrap(), Claimed::Done { owes: true }));
    let owed = f.store.owed(&f.claim("e1")).await.unwrap();
    assert_eq!(owed, [row(0, "x"), row(1, "y")]);
    f.store.strike(&f.claim("e1"), &[0, 1]).await.unwrap();
    assert!(matches!(f.store.claim(f.claim("e1")).await.unwrap(), Claimed::Done { owes: false }));
}

async fn a_dropped_session_leaves_nothing<D: TestDatabase>(f: Fixture<D>) {
    let session = f.fresh("e1").await;
    let session = effect::<D>(session, "e1").await;
    drop(session);
    // On SQLite the next transaction waits for the roll-back: one connection writes.
    f.fresh("e2").await.commit(Marker::Done, vec![]).await.unwrap();
    assert_eq!(f.effects().await, 0);
    assert!(matches!(f.store.claim(f.claim("e1")).await.unwrap(), Claimed::Fresh(_)));
}

/// Rule 10.
async fn a_fenced_owner_writes_nothing<D: TestDatabase>(f: Fixture<D>) {
    let session = f.fresh("e1").await;
    let next = f.store.own("g", &partition()).await.unwrap();
    assert_eq!(next, f.epoch + 1);
    let session = effect::<D>(session, "e1").await;
    assert_eq!(session.commit(Marker::Done, vec![]).await, Err(StoreError::Fenced));
    f.fresh("e2").await;
    assert_eq!(f.effects().await, 0);
    assert_eq!(f.marker("e1").await, None);
}

/// Rule 28: a unique violation is a duplicate, not an error.
async fn a_second_done_is_a_duplicate<D: TestDatabase>(f: Fixture<D>) {
    let first = f.fresh("e1").await;
    let second = f.fresh("e1").await;
    first.commit(Marker::Done, vec![]).await.unwrap();
    let second = effect::<D>(second, "again").await;
    assert_eq!(second.commit(Marker::Done, vec![]).await, Err(StoreError::Duplicate));
    assert_eq!(f.effects().await, 0);
}

/// Rule 25: `Done` beats `Dead`, and nothing beats `Done`.
async fn done_beats_dead<D: TestDatabase>(f: Fixture<D>) {
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

    let late = f.store.session(f.claim("e1"), None);
    let late = late.commit(dead("dlq/0/2"), vec![]).await;
    assert_eq!(late, Err(StoreError::Duplicate));
    assert_eq!(f.marker("e1").await, Some(Marker::Done));
}

/// Rule 31: of twins that are both given up, one dead-letter handler has its effect.
async fn a_letter_replaces_only_the_one_that_its_claim_knew<D: TestDatabase>(f: Fixture<D>) {
    let dead = |letter: &str| Marker::Dead { letter: letter.into() };
    let (first, twin) = (f.fresh("e1").await, f.fresh("e1").await);
    first.commit(dead("dlq/0/1"), vec![]).await.unwrap();
    let twin = effect::<D>(twin, "twice").await;
    assert_eq!(twin.commit(dead("dlq/0/2"), vec![]).await, Err(StoreError::Duplicate));
    assert_eq!(f.effects().await, 0);

    let Claimed::Dead { session, .. } = f.store.claim(f.claim("e1")).await.unwrap() else {
        panic!("not dead")
    };
    session.commit(dead("dlq/0/3"), vec![]).await.unwrap();
    let marker = f.marker("e1").await;
    assert_eq!(marker, Some(dead("dlq/0/3")), "a replay that died again");
}

/// No lock is held while a handler waits for something else.
async fn the_transaction_begins_with_the_first_statement<D: TestDatabase>(f: Fixture<D>) {
    let slow = f.fresh("e1").await;
    f.fresh("e2").await.commit(Marker::Done, vec![]).await.unwrap();
    let slow = effect::<D>(slow, "e1").await;
    slow.commit(Marker::Done, vec![]).await.unwrap();
}

async fn tables_of_a_newer_version_are_refused<D: TestDatabase>(f: Fixture<D>) {
    f.execute("update tidegate_schema set version = 99").await;
    let Err(StoreError::Broken(why)) = f.store.prepare().await else { panic!("accepted") };
    assert!(why.contains("version 99"), "{why}");
}

/// A second `Inbox` argument would be a second transaction: there is none.
async fn one_handler_has_one_inbox<D: TestDatabase>(f: Fixture<D>) {
    let delivery = delivery(f.fresh("e1").await);
    let _held = Inbox::<D>::from_delivery(&delivery, &()).await.unwrap();
    let second = Inbox::<D>::from_delivery(&delivery, &()).await;
    assert_eq!(second.map(drop), Err(InboxRejection::NoSession(<D as InboxDatabase>::NAME)));
}

/// Rule 28: published again exactly as it was, whatever is in it.
async fn what_is_emitted_is_owed_as_it_is<D: TestDatabase>(f: Fixture<D>) {
    let mut rows = vec![row(0, "x"), row(1, "y")];
    rows[0].record.partition = Some(Partition(7));
    rows[0].record.timestamp = Some(Timestamp(-5));
    rows[0].record.key = Some(Bytes::from_static(b"\0\xff'"));
    rows[1].record.value = None;
    f.fresh("e1").await.commit(Marker::Done, rows.clone()).await.unwrap();
    assert_eq!(f.store.owed(&f.claim("e1")).await.unwrap(), rows);
    f.store.strike(&f.claim("e1"), &[0]).await.unwrap();
    assert_eq!(f.store.owed(&f.claim("e1")).await.unwrap(), rows[1..]);
}

/// A marker without its effect would lose it: what a handler has committed or rolled back by itself is not marked.
async fn a_transaction_that_its_handler_has_ended_gets_no_marker<D: TestDatabase>(f: Fixture<D>) {
    let session = effect::<D>(f.fresh("e1").await, "gone").await;
    let delivery = delivery(session);
    {
        let mut tx = Inbox::<D>::from_delivery(&delivery, &()).await.unwrap();
        Statement::<D>::new("rollback").run(tx.connection().await.unwrap()).await.unwrap();
    }
    let session = delivery.inbox.take().unwrap();
    let error = session.commit(Marker::Done, vec![row(0, "x")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!((f.effects().await, f.marker("e1").await), (0, None));
    // And it spoils no other.
    let session = effect::<D>(f.fresh("e1").await, "e1").await;
    session.commit(Marker::Done, vec![]).await.unwrap();
    assert_eq!(f.effects().await, 1);
}

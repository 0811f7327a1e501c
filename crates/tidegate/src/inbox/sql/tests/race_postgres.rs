//! Several instances on one PostgreSQL at once: owners that take each other's place, and effects that meet.

use sqlx::{Executor, Postgres, Row};

use super::*;
use crate::class::{Class, Classify};
use crate::inbox::postgres::PostgresInbox;

const EVENTS: usize = 40;

/// One instance: takes the partition, and works through all events until it has seen each of them done. When it is
/// fenced it leaves that one event to the others, and takes the partition back: somebody is a zombie all the time.
async fn instance(f: Fixture<Postgres>) -> Vec<StoreError> {
    let mut refused = Vec::new();
    'owner: loop {
        let epoch = f.store.own("g", &partition()).await.unwrap();
        let f = Fixture { store: f.store.clone(), epoch, _place: String::new() };
        for event in (0..EVENTS).map(|n| format!("e{n}")) {
            let session = match f.store.claim(f.claim(&event)).await.unwrap() {
                Claimed::Fresh(session) => session,
                _ => continue,
            };
            let session = effect::<Postgres>(session, &event).await;
            match session.commit(Marker::Done, vec![row(0, "x")]).await {
                Ok(()) => {}
                Err(StoreError::Fenced) => {
                    refused.push(StoreError::Fenced);
                    while f.marker(&event).await.is_none() {
                        tokio::task::yield_now().await;
                    }
                    continue 'owner;
                }
                Err(other) => refused.push(other),
            }
        }
        return refused;
    }
}

/// Rules 10, 27 and 28.
#[tokio::test(flavor = "multi_thread")]
async fn owners_that_race_have_each_effect_once() {
    let f = Fixture::<Postgres>::new().await;
    let mut instances = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let store = PostgresInbox::open(&f._place).await.unwrap();
        instances.spawn(instance(Fixture { store, epoch: 0, _place: String::new() }));
    }
    let refused: Vec<_> = instances.join_all().await.into_iter().flatten().collect();
    let known = |e: &StoreError| matches!(e, StoreError::Fenced | StoreError::Duplicate);
    assert!(refused.iter().all(known) && refused.contains(&StoreError::Fenced), "{refused:?}");
    let question = "select count(*), count(distinct id) from effect";
    let row = f.store.reader().fetch_one(question).await.unwrap();
    assert_eq!((row.get::<i64, _>(0), row.get::<i64, _>(1)), (EVENTS as i64, EVENTS as i64));
    for event in (0..EVENTS).map(|n| format!("e{n}")) {
        let owed = f.store.owed(&f.claim(&event)).await.unwrap();
        assert_eq!((f.marker(&event).await, owed.len()), (Some(Marker::Done), 1), "{event}");
    }
}

/// Two handlers that lock the same rows the other way round: one of them is chosen, and that says nothing about its record.
#[tokio::test]
async fn a_deadlock_is_an_outage_for_one_and_an_effect_for_the_other() {
    let f = Fixture::<Postgres>::new().await;
    f.execute("create table stock (id int primary key, n int)").await;
    f.execute("insert into stock values (1, 0), (2, 0)").await;
    let (left, right) = (delivery(f.fresh("left").await), delivery(f.fresh("right").await));
    let mut a = Inbox::<Postgres>::from_delivery(&left, &()).await.unwrap();
    let mut b = Inbox::<Postgres>::from_delivery(&right, &()).await.unwrap();
    const FIRST: &str = "update stock set n = n + 1 where id = 1";
    const SECOND: &str = "update stock set n = n + 1 where id = 2";
    (&mut *a).execute(FIRST).await.unwrap();
    (&mut *b).execute(SECOND).await.unwrap();
    let both = tokio::join!((&mut *a).execute(SECOND), (&mut *b).execute(FIRST));
    let (chosen, other) = match both {
        (Err(error), Ok(_)) => (error, b),
        (Ok(_), Err(error)) => (error, a),
        other => panic!("{other:?}"),
    };
    assert_eq!(chosen.class(), Class::Outage("database"), "{chosen}");
    drop(other);
    let sessions = [left.inbox.take(), right.inbox.take()];
    let mut done = 0;
    for session in sessions.into_iter().flatten() {
        done += usize::from(session.commit(Marker::Done, vec![]).await.is_ok());
    }
    assert_eq!(done, 1);
    let row = f.store.reader().fetch_one("select sum(n) from stock").await.unwrap();
    assert_eq!(row.get::<i64, _>(0), 2);
}

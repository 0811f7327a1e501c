//! What only PostgreSQL does: several owners write at once, and the server comes and goes.

use sqlx::{Executor, Postgres, Row};
use test_servers::LocalPostgres;

use super::*;
use crate::class::{Class, Classify};
use crate::inbox::postgres::PostgresInbox;
use crate::inbox::sql::SqlDatabase;

type Server = Fixture<Postgres>;

/// Waits until a session waits for a lock.
async fn somebody_waits(f: &Server) {
    let question = "select count(*) from pg_stat_activity
                    where datname = current_database() and wait_event_type = 'Lock'";
    while f.store.reader().fetch_one(question).await.unwrap().get::<i64, _>(0) == 0 {
        tokio::task::yield_now().await;
    }
}

/// Another owner's connection, in a transaction that has done what a commit does before it is committed.
async fn half_way(f: &Server, statement: &'static str) -> sqlx::Transaction<'static, Postgres> {
    let mut tx = f.store.writer().begin().await.unwrap();
    tx.execute(statement).await.unwrap();
    tx
}

/// Rule 10: a raise that comes between an effect's check and its commit waits, and what follows it sees the effect.
#[tokio::test]
async fn a_raise_waits_for_an_effect_that_has_passed_its_check() {
    let f = Server::new().await;
    let mut effect = f.store.writer().begin().await.unwrap();
    let check = sqlx::query(Postgres::OWNER).bind("g").bind("orders").bind(1_i64);
    effect.execute(check).await.unwrap();
    effect
        .execute("insert into tidegate_marker values ('g', 'h', 'e1', 'done', null, 0)")
        .await
        .unwrap();
    let (store, at) = (f.store.clone(), partition());
    let mut raise = Box::pin(async move { store.own("g", &at).await });
    tokio::select! {
        biased;
        raised = &mut raise => panic!("it did not wait: {raised:?}"),
        () = somebody_waits(&f) => {}
    }
    effect.commit().await.unwrap();
    assert_eq!(raise.await, Ok(f.epoch + 1));
    assert_eq!(f.marker("e1").await, Some(Marker::Done));
}

/// Rule 10: an effect that meets a raise under way waits for it, and is refused.
#[tokio::test]
async fn an_effect_that_meets_a_raise_waits_and_is_fenced() {
    let f = Server::new().await;
    let raise = half_way(&f, "update tidegate_owner set epoch = epoch + 1").await;
    let session = effect::<Postgres>(f.fresh("e1").await, "e1").await;
    let mut commit = session.commit(Marker::Done, vec![]);
    tokio::select! {
        biased;
        done = &mut commit => panic!("it did not wait: {done:?}"),
        () = somebody_waits(&f) => {}
    }
    raise.commit().await.unwrap();
    assert_eq!(commit.await, Err(StoreError::Fenced));
    assert_eq!((f.effects().await, f.marker("e1").await), (0, None));
}

/// Rule 28: of two that write the same marker at once, the second waits, and is a duplicate.
#[tokio::test]
async fn a_twin_that_is_half_way_is_waited_for() {
    let f = Server::new().await;
    let session = effect::<Postgres>(f.fresh("e1").await, "twice").await;
    let insert = "insert into tidegate_marker values ('g', 'h', 'e1', 'done', null, 0)";
    let twin = half_way(&f, insert).await;
    let mut commit = session.commit(Marker::Done, vec![]);
    tokio::select! {
        biased;
        done = &mut commit => panic!("it did not wait: {done:?}"),
        () = somebody_waits(&f) => {}
    }
    twin.commit().await.unwrap();
    assert_eq!(commit.await, Err(StoreError::Duplicate));
    assert_eq!(f.effects().await, 0);
}

/// Many owners of many partitions start at once, on an empty database.
#[tokio::test]
async fn instances_that_start_at_once_make_the_tables_once() {
    let url = LocalPostgres::shared().database();
    let open = || async {
        let store = PostgresInbox::open_in(&url, "ours").await.unwrap();
        store.prepare().await.unwrap();
        store.own("g", &partition()).await.unwrap()
    };
    let mut epochs = futures_util::future::join_all((0..8).map(|_| open())).await;
    epochs.sort_unstable();
    assert_eq!(epochs, [1, 2, 3, 4, 5, 6, 7, 8]);
}

/// Another level can be the first statement: a raise that it cannot see is then a failure, and never an effect.
#[tokio::test]
async fn at_a_stricter_level_a_fenced_owner_writes_nothing_either() {
    let f = Server::new().await;
    let delivery = delivery(f.fresh("e1").await);
    {
        let mut tx = Inbox::<Postgres>::from_delivery(&delivery, &()).await.unwrap();
        (&mut *tx).execute("set transaction isolation level repeatable read").await.unwrap();
        (&mut *tx).execute("insert into effect values ('e1')").await.unwrap();
    }
    f.store.own("g", &partition()).await.unwrap();
    let session = delivery.inbox.take().unwrap();
    let error = session.commit(Marker::Done, vec![]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!((f.effects().await, f.marker("e1").await), (0, None));
}

/// A handler that passes over a failed statement has no effect left to be marked.
#[tokio::test]
async fn a_transaction_with_a_failed_statement_is_not_marked() {
    let f = Server::new().await;
    let delivery = delivery(effect::<Postgres>(f.fresh("e1").await, "gone").await);
    {
        let mut tx = Inbox::<Postgres>::from_delivery(&delivery, &()).await.unwrap();
        let error = (&mut *tx).execute("insert into nowhere values (1)").await.unwrap_err();
        assert_eq!(error.class(), Class::Permanent);
    }
    let session = delivery.inbox.take().unwrap();
    let error = session.commit(Marker::Done, vec![]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!((f.effects().await, f.marker("e1").await), (0, None));
}

/// Broken connections are replaced, and what was in flight is gone.
#[tokio::test]
async fn a_server_that_was_killed_is_used_again() {
    let server = LocalPostgres::start();
    let store = PostgresInbox::open(server.url()).await.unwrap();
    store.prepare().await.unwrap();
    let epoch = store.own("g", &partition()).await.unwrap();
    let f = Server { store, epoch, _place: server.url().to_owned() };
    f.execute("create table effect (id text)").await;
    f.fresh("e1").await.commit(Marker::Done, vec![row(0, "x")]).await.unwrap();
    let lost = effect::<Postgres>(f.fresh("e2").await, "e2").await;
    server.kill();
    let down = f.store.health().await.unwrap_err();
    assert!(matches!(&down, StoreError::Unavailable(_)), "{down:?}");
    let gone = lost.commit(Marker::Done, vec![]).await.unwrap_err();
    assert!(matches!(gone, StoreError::Unavailable(_)), "{gone:?}");
    server.start_again();
    f.store.health().await.unwrap();
    assert_eq!((f.marker("e1").await, f.marker("e2").await), (Some(Marker::Done), None));
    let session = effect::<Postgres>(f.fresh("e2").await, "e2").await;
    session.commit(Marker::Done, vec![]).await.unwrap();
    assert_eq!(f.effects().await, 1);
}

#[tokio::test]
async fn what_is_wrong_is_said_in_one_line_without_the_password() {
    let url = LocalPostgres::shared().url().to_owned();
    let address = url.split('@').nth(1).unwrap().split('/').next().unwrap().to_owned();
    let nobody = "127.0.0.1:1";
    for (url, says) in [
        (format!("postgres://u:hunter2@{address}/missing"), "role \"u\" does not exist"),
        (format!("postgres://postgres:hunter2@{address}/missing"), "\"missing\" does not exist"),
        (format!("postgres://u:hunter2@{nobody}/d"), "127.0.0.1:1/d cannot be used"),
        ("mysql://u:hunter2@h/d".to_owned(), "begins with postgres://"),
        ("postgres://u:hunter2@h:port/d".to_owned(), "cannot be read"),
        (format!("postgres://u:hunter2@{address}/d?sslmode=sometimes"), "cannot be read"),
    ] {
        let opened = PostgresInbox::open(&url).await;
        let error = opened.map(drop).unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains('\n'), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let store = PostgresInbox::open(&url.replace("postgres@", "postgres:hunter2@")).await.unwrap();
    assert!(!format!("{store:?} {}", store.name()).contains("hunter2"));
}

/// What is committed is on the disk, whatever the server's default is.
#[tokio::test]
async fn commits_wait_for_the_disk_where_the_servers_default_does_not() {
    let url = LocalPostgres::shared().database();
    let first = PostgresInbox::open(&url).await.unwrap();
    let name = url.rsplit('/').next().unwrap();
    let alter = format!("alter database {name} set synchronous_commit = off");
    first.writer().execute(sqlx::raw_sql(sqlx::AssertSqlSafe(alter))).await.unwrap();
    let store = PostgresInbox::open(&url).await.unwrap();
    let row = store.writer().fetch_one("show synchronous_commit").await.unwrap();
    assert_eq!(row.get::<String, _>(0), "on");
}

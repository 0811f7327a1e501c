//! What only PostgreSQL does: several processes begin at once, and the server comes and goes.

use super::testing::Place;
use super::{Database, ModelError, Reader, Store};

/// Several consumers start at once.
#[tokio::test]
async fn consumers_that_start_at_once_make_the_tables_once() {
    let place = Place::new(Database::Postgres);
    let opened = futures_util::future::join_all((0..5).map(|_| place.store.open())).await;
    assert!(opened.iter().all(Result::is_ok), "{opened:?}");
    let reader = Reader::new(&place.store);
    assert_eq!(reader.status("o-1").await.unwrap(), None);
}

#[tokio::test]
async fn a_server_that_is_down_is_named_and_used_again() {
    let server = test_servers::LocalPostgres::start();
    let secret = server.url().replace("postgres@", "postgres:hunter2@");
    let store = Store::Postgres(secret.parse().unwrap());
    store.open().await.unwrap();
    let reader = Reader::new(&store);
    reader.health().await.unwrap();
    server.kill();
    let error = reader.health().await.unwrap_err();
    assert!(matches!(&error, ModelError::Down { .. }), "{error:?}");
    let told = format!("{error} {error:?} {store} {store:?} {reader:?}");
    assert!(told.contains("PostgreSQL at 127.0.0.1:") && !told.contains("hunter2"), "{told}");
    server.start_again();
    reader.health().await.unwrap();
}

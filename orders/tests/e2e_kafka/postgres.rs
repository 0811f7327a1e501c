//! The read model in PostgreSQL: what stops the start of a consumer, and what happens while the server is away.

use std::fs;

use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};
use test_servers::{LocalKafka, LocalPostgres};

use crate::harness::{Answer, Http, PATIENCE, eventually, within, within_contract};
use crate::platform::{Place, Platform};
use crate::startup::told;

/// A consumer's start on this database is refused with one line that says all of this.
async fn refused(name: &str, url: &str, said: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), LocalKafka::shared().address(), name);
    place.topics().await;
    let ended = place.variable("DATABASE_URL", url).orders("consumer").run().await;
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    let start = "the consumer cannot start (see DATABASE_URL): PostgreSQL at ";
    told(ended, 2, &[&[start, " cannot be used: "], said].concat());
}

/// `host:port` in a URL of a server without passwords.
fn address(url: &str) -> &str {
    url.split('@').nth(1).unwrap().split('/').next().unwrap()
}

// TROUBLESHOOTING: database-unreachable
#[tokio::test]
async fn a_database_server_that_is_not_there() {
    let url = "postgres://orders:hunter2@127.0.0.1:1/orders";
    refused("no_server", url, &["127.0.0.1:1/orders", "Connection refused"]).await;
}

// TROUBLESHOOTING: database-missing
#[tokio::test]
async fn a_database_that_does_not_exist() {
    let server = address(LocalPostgres::shared().url());
    let url = format!("postgres://postgres@{server}/nowhere");
    refused("no_database", &url, &["database \"nowhere\"", " does not exist"]).await;
}

/// From now on this role needs its password.
async fn guard(postgres: &LocalPostgres, role: &str) {
    let mut admin = PgConnection::connect(postgres.url()).await.unwrap();
    admin.execute("create role guarded login password 'right'").await.unwrap();
    let rules: String = sqlx::query_scalar("show hba_file").fetch_one(&mut admin).await.unwrap();
    let others = fs::read_to_string(&rules).unwrap();
    let rule = format!("host all {role} 127.0.0.1/32 scram-sha-256\n");
    fs::write(&rules, rule + &others).unwrap();
    admin.execute("select pg_reload_conf()").await.unwrap();
}

// TROUBLESHOOTING: database-login
#[tokio::test]
async fn a_password_that_the_database_refuses() {
    let postgres = LocalPostgres::start();
    guard(&postgres, "guarded").await;
    let url = format!("postgres://guarded:hunter2@{}/postgres", address(postgres.url()));
    eventually("the server has read its rules", async || {
        PgConnection::connect(&url).await.is_err().then_some(())
    })
    .await;
    refused("no_login", &url, &["password authentication failed for user \"guarded\""]).await;
}

/// Nobody pays for a database that is away: orders are taken, and wait.
// TROUBLESHOOTING: database-down
#[tokio::test]
async fn without_its_database_the_consumer_pauses_and_spends_no_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = LocalPostgres::start();
    let place = Place::new(folder.path(), LocalKafka::shared().address(), "no_database_now");
    let place = place.variable("DATABASE_URL", postgres.url());
    place.topics().await;
    let platform = Platform::ready(&place).await;
    let up = &platform.producer;
    let before = up.order("widget").await;
    up.reaches(&before.order_id, "completed").await;
    let letter = up.order("fail-permanent").await;
    up.dead_letter(&letter.event_id).await;

    postgres.kill();
    let (consumer, replay) = (up.consumer(), up.replay());
    let (store, database) = tokio::join!(
        within_contract("store", &consumer, |answer| answer.fails("store")),
        within_contract("database", &replay, |answer| answer.fails("database")),
    );
    assert_eq!(store.check("broker")["ok"], true, "{}", store.body);
    assert_eq!(database.check("topic")["ok"], true, "{}", database.body);
    let mut orders = Vec::new();
    for _ in 0..5 {
        orders.push(up.order("widget").await);
    }
    not_ready(
        &up.consumer(),
        &["is paused: postgres:", " is down: no connection in time", "store postgres:"],
    )
    .await;
    let producer = up.producer().get("/ready").await.expect(200);
    let model = producer.check("model");
    assert_eq!((&model["ok"], &model["required"]), (&json!(false), &json!(false)), "{model}");
    let view = up.view(&before.order_id).await.expect(503);
    assert_eq!(view.data()["errors"][0]["field"], "read model", "{}", view.body);
    let cancel = format!("/api/v1/orders/{}/cancel", before.order_id);
    up.producer().post(&cancel, &json!({"reason": "late"})).await.expect(503);
    up.consumer().get("/health").await.expect(200);
    not_ready(&up.replay(), &["database: the markers cannot be read: "]).await;
    let letters = up.replay().get("/api/v1/dlq/messages").await.expect(503);
    assert_eq!(letters.data()["errors"][0]["field"], "database", "{}", letters.body);

    postgres.start_again();
    within_contract("again", &consumer, |answer| answer.check("store")["ok"] == true).await;
    within_contract("again", &replay, |answer| answer.status == 200).await;
    for order in &orders {
        up.reaches(&order.order_id, "completed").await;
        assert_eq!(up.charges(&order.order_id).await, 1);
    }
    within(PATIENCE, "ready again", [&consumer], Answer::is_ready).await;
    let letters = up.replay().get("/api/v1/dlq/stats").await.expect(200);
    assert_eq!(letters.data()["total_messages"], 1, "{}", letters.body);
    platform.end().await;
}

/// Waits until a service is not ready, and says all of this.
async fn not_ready(service: &Http, said: &[&str]) {
    eventually(&format!("not ready: {said:?}"), async || {
        let answer = service.get("/ready").await;
        let message = answer.body["message"].as_str().unwrap_or_default();
        (answer.status == 503 && said.iter().all(|part| message.contains(part))).then_some(())
    })
    .await;
}

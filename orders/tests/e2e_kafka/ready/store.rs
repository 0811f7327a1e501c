//! While the database stands still: its connections stay open, and nobody answers on them.

use test_servers::{LocalKafka, LocalPostgres};

use super::Tells;
use crate::harness::{Answer, PATIENCE, within, within_contract};
use crate::platform::{Place, Platform};

/// Other than with one that is gone, nothing fails by itself: each question needs a limit of its own.
#[tokio::test]
async fn a_database_that_stands_still_is_seen_in_time_and_so_is_its_return() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = LocalPostgres::start();
    let place = Place::new(folder.path(), LocalKafka::shared().address(), "frozen_database")
        .variable("DATABASE_URL", postgres.url());
    place.topics().await;
    let platform = Platform::ready(&place).await;
    let tells = Tells(&platform);
    let up = &platform.producer;
    let before = up.order("widget").await;
    up.reaches(&before.order_id, "completed").await;
    let [producer, consumer, replay] = [up.producer(), up.consumer(), up.replay()];
    let model = |ok: bool| move |answer: &Answer| answer.check("model")["ok"] == ok;

    postgres.freeze();
    let (_, _, orders) = tokio::join!(
        within_contract("store", &consumer, |answer| answer.fails("store")),
        within_contract("database", &replay, |answer| answer.fails("database")),
        within_contract("model", &producer, model(false)),
    );
    assert!(orders.is_ready(), "orders are taken without it: {}", orders.body);
    let meanwhile = up.order("widget").await;

    postgres.thaw();
    tokio::join!(
        within_contract("store again", &consumer, |answer| answer.check("store")["ok"] == true),
        within_contract("database again", &replay, Answer::is_ready),
        within_contract("model again", &producer, model(true)),
    );
    // The handler may have met the outage, and tries again after a while.
    within(PATIENCE, "ready again", [&consumer], Answer::is_ready).await;
    up.reaches(&meanwhile.order_id, "completed").await;
    assert_eq!(up.charges(&meanwhile.order_id).await, 1);
    drop(tells);
    platform.end().await;
}

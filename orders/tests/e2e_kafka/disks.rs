//! The disk of one process is full: what the others do meanwhile, and that all go on by themselves when there is room.

use serde_json::{Value, json};
use test_servers::LocalKafka;

use crate::harness::{Program, eventually, within_contract};
use crate::platform::{Place, Platform};

/// Blocks of 512 bytes that any one file of the process may have, until it is given room.
fn small(blocks: u32) -> String {
    format!("trap '' XFSZ; ulimit -S -f {blocks}; exec \"$@\"")
}

/// Sends orders until the consumer is not ready, and says this; gives their ids.
async fn fill(up: &Program, said: &str) -> Vec<String> {
    let order =
        json!({"customer_id": "c".repeat(128), "product_id": "widget", "quantity": 1, "price": 5});
    let batch = json!(vec![order; 100]);
    let mut ids = Vec::new();
    eventually(&format!("not ready: {said}"), async || {
        let placed = up.producer().post("/api/v1/orders/batch", &batch).await.expect(202);
        let results = placed.data()["results"].as_array().unwrap();
        ids.extend(results.iter().map(|one| one["order_id"].as_str().unwrap().to_owned()));
        let answer = up.consumer().get("/ready").await;
        let message = answer.body["message"].as_str().unwrap_or_default();
        (answer.status == 503 && message.contains(said)).then_some(())
    })
    .await;
    ids
}

/// Each order is charged once, and none has become a dead letter for the disk's sake.
async fn all_completed(up: &Program, ids: Vec<String>) {
    for id in ids {
        up.reaches(&id, "completed").await;
    }
    let letters = up.replay().get("/api/v1/dlq/stats").await.expect(200);
    assert_eq!(letters.data()["total_messages"], Value::from(0), "{}", letters.body);
    let order = up.order("widget").await;
    up.reaches(&order.order_id, "completed").await;
    assert_eq!(up.charges(&order.order_id).await, 1);
}

/// Nothing is charged that is not written down, and no order pays for it.
#[tokio::test]
async fn a_gateway_that_cannot_write_its_ledger_is_an_outage_and_is_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), LocalKafka::shared().address(), "ledger");
    place.topics().await;
    let platform = Platform {
        gateway: place.orders("gateway").in_shell(&small(64)).ready_at(3..4).await,
        producer: place.orders("producer").ready_at(0..1).await,
        consumer: place.orders("consumer").ready_at(1..2).await,
        replay: place.orders("replay").ready_at(2..3).await,
    };
    let ids = fill(&platform.producer, "the ledger cannot be written").await;
    let gateway = platform.producer.gateway();
    within_contract("full", &gateway, |answer| answer.fails("ledger")).await;
    platform.gateway.give_room();
    within_contract("room", &gateway, |answer| answer.status == 200).await;
    all_completed(&platform.producer, ids).await;
    platform.end().await;
}

/// No effect without its marker: the partition waits.
#[tokio::test]
async fn a_consumer_that_cannot_write_its_store_says_so_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), LocalKafka::shared().address(), "store");
    place.topics().await;
    let platform = Platform {
        gateway: place.orders("gateway").ready_at(3..4).await,
        consumer: place.orders("consumer").in_shell(&small(1_024)).ready_at(1..2).await,
        producer: place.orders("producer").ready_at(0..1).await,
        replay: place.orders("replay").ready_at(2..3).await,
    };
    let ids = fill(&platform.producer, " is paused: ").await;
    platform.consumer.give_room();
    all_completed(&platform.producer, ids).await;
    platform.end().await;
}

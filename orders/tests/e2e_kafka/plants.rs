//! Records with secrets in every place, some of which break something.

use serde_json::{Value, json};
use tidegate::broker::Broker;
use tidegate::message::{NewRecord, Partition, TopicName};

/// A number that the checksum of cards (Luhn) takes.
pub(crate) const CARD: &str = "4111111111111111";
pub(crate) const PASSWORD: &str = "Tr0ub4dor-planted";
pub(crate) const TOPIC: &str = "planted";

/// An event about an order: `key` is the record's, and everything in it that may be anything is planted.
fn event(event_id: &str, order_id: &str, key: &str, quantity: Value, product: &str) -> NewRecord {
    let order = json!({
        "id": order_id, "customer_id": CARD, "product_id": product, "quantity": quantity, "price": 5,
        "status": "pending", "created_at": "2026-05-04T12:00:00Z", "updated_at": "2026-05-04T12:00:00Z",
    });
    let body = json!({
        "event_id": event_id, "correlation_id": "planted-case", "event_type": "order.created",
        "aggregate_id": order_id, "aggregate_type": "order", "version": 1,
        "timestamp": "2026-05-04T12:00:00Z", "data": {"order": order},
        "metadata": {"password": PASSWORD},
    });
    record(event_id, key, body.to_string())
}

fn record(event_id: &str, key: &str, body: String) -> NewRecord {
    NewRecord::new(TopicName::new(TOPIC).unwrap())
        .partition(Partition(0))
        .key(key.to_owned())
        .value(body)
        .header("event_id", event_id.to_owned())
        .header("event_type", "order.created")
        .header("correlation_id", "planted-case")
        .header("x-card", CARD)
        .header("authorization", PASSWORD)
}

/// Records that work, that fail, that panic, that break a rule, and that cannot be read; how many become dead letters.
pub(crate) async fn plant(broker: &Broker, round: &str) -> usize {
    let id = |name: &str| format!("{round}-{name}");
    let ordinary =
        |name: &str, product: &str| event(&id(name), &id(name), &id(name), json!(1), product);
    let records = vec![
        ordinary("works", PASSWORD),
        ordinary("heals", "fail-transient-1"),
        ordinary("fails", "fail-always"),
        ordinary("panics", "poison"),
        // Its panic's text holds the customer, which is planted.
        ordinary("tells", "poison-data"),
        event(&id("key"), &id("key"), CARD, json!(1), PASSWORD),
        event(&id("text"), &id("text"), &id("text"), json!(CARD), "widget"),
        event(&id("object"), &id("object"), &id("object"), json!({ PASSWORD: CARD }), "widget"),
        record(&id("syntax"), PASSWORD, format!("{{\"data\": {CARD} {PASSWORD}")),
        record(&id("nothing"), CARD, format!("\"{PASSWORD}\"")),
    ];
    for ack in broker.publish(records).await {
        ack.unwrap();
    }
    8
}

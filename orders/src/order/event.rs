//! The envelope that travels on the topic `orders`.
//!
//! ```text
//! { event_id, correlation_id, event_type, aggregate_id, aggregate_type, version, timestamp,
//!   data: { order: { id, customer_id, product_id, quantity, price, status, created_at, updated_at } },
//!   metadata: {} }
//! ```
//!
//! Fields that this version does not know are ignored. The record's key is the order's id.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tidegate::event::{Event, EventId, Key, Stamp};

use super::kind::{Cancelled, Completed, Created, Failed, Kind, TypeName, Updated};
use super::{Order, OrderId};

/// An order was accepted.
pub type OrderCreated = OrderEvent<Created>;
/// An order was changed.
pub type OrderUpdated = OrderEvent<Updated>;
/// An order was cancelled.
pub type OrderCancelled = OrderEvent<Cancelled>;
/// An order was charged and is done.
pub type OrderCompleted = OrderEvent<Completed>;
/// An order was given up.
pub type OrderFailed = OrderEvent<Failed>;

/// One event about one order. `K` says what happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "K: Kind")]
pub struct OrderEvent<K: Kind> {
    /// Its identity: UUIDv7 at the edge, derived when a handler emits it.
    pub event_id: EventId,
    /// Names everything that belongs to one request.
    pub correlation_id: String,
    event_type: TypeName<K>,
    /// The order's id.
    pub aggregate_id: OrderId,
    /// `order`.
    pub aggregate_type: String,
    /// Version of the envelope.
    pub version: u32,
    /// When it happened.
    pub timestamp: Timestamp,
    /// What it is about.
    pub data: OrderData,
    /// Anything else, as an object.
    #[serde(default)]
    pub metadata: Map<String, Value>,
}

/// The payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderData {
    /// The order, as it stands after the event.
    pub order: Order,
}

impl<K: Kind> OrderEvent<K> {
    /// The version of the envelope that we write.
    pub const VERSION: u32 = 1;

    /// An event about this order, at the time of its last change. Its ids are empty until it is published or
    /// emitted: [`stamp`](Event::stamp) sets them.
    #[must_use]
    pub fn about(order: Order) -> Self {
        Self {
            event_id: EventId::new(""),
            correlation_id: String::new(),
            event_type: TypeName::default(),
            aggregate_id: order.id.clone(),
            aggregate_type: "order".to_owned(),
            version: Self::VERSION,
            timestamp: order.updated_at,
            data: OrderData { order },
            metadata: Map::new(),
        }
    }

    /// The same event with a reason, in `metadata.reason`: why an order was cancelled, or failed.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.metadata.insert("reason".to_owned(), Value::String(reason.into()));
        self
    }

    /// `metadata.reason`, where there is one.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.metadata.get("reason")?.as_str()
    }

    /// The order that it is about.
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.data.order
    }
}

impl<K: Kind> Event for OrderEvent<K> {
    const TYPE: &'static str = K::TYPE;

    fn key(&self) -> Key<'_> {
        Key::from(&self.aggregate_id)
    }

    fn stamp(&mut self, stamp: &Stamp) {
        self.event_id = stamp.event_id.clone();
        self.correlation_id.clone_from(&stamp.correlation_id);
        // A time outside of jiff's years (-9999 to 9999) keeps the order's own.
        self.timestamp = Timestamp::from_millisecond(stamp.at.0).unwrap_or(self.timestamp);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::OrderStatus;
    use tidegate::message::Timestamp as Millis;

    fn order() -> Order {
        let at: Timestamp = "2026-05-04T10:00:00Z".parse().unwrap();
        Order {
            id: OrderId::new("o-1"),
            customer_id: "c".into(),
            product_id: "p".into(),
            quantity: 2,
            price: "0.10".parse().unwrap(),
            status: OrderStatus::Pending,
            created_at: at,
            updated_at: at,
        }
    }

    fn stamped() -> OrderCreated {
        let mut event = OrderCreated::about(order());
        event.stamp(&Stamp {
            event_id: EventId::new("e-1"),
            correlation_id: "c-1".into(),
            causation_id: None,
            at: Millis(1_000),
        });
        event
    }

    #[test]
    fn the_envelope_is_the_contracts() {
        assert_eq!(
            serde_json::to_string(&stamped()).unwrap(),
            r#"{"event_id":"e-1","correlation_id":"c-1","event_type":"order.created","aggregate_id":"o-1","aggregate_type":"order","version":1,"timestamp":"1970-01-01T00:00:01Z","data":{"order":{"id":"o-1","customer_id":"c","product_id":"p","quantity":2,"price":0.10,"status":"pending","created_at":"2026-05-04T10:00:00Z","updated_at":"2026-05-04T10:00:00Z"}},"metadata":{}}"#
        );
    }

    #[test]
    fn it_reads_what_it_wrote_and_ignores_what_it_does_not_know() {
        let text = serde_json::to_string(&stamped()).unwrap();
        let more = text
            .replace(r#""version":1"#, r#""version":1,"schema_version":2"#)
            .replace(r#""quantity":2"#, r#""quantity":2,"currency":"USD""#);
        assert_eq!(serde_json::from_str::<OrderCreated>(&more).unwrap(), stamped());
    }

    #[test]
    fn a_body_of_another_type_is_not_decoded() {
        let text = serde_json::to_string(&stamped()).unwrap();
        let error = serde_json::from_str::<OrderCancelled>(&text).unwrap_err().to_string();
        assert!(error.contains("order.created") && error.contains("order.cancelled"), "{error}");
    }

    #[test]
    fn the_key_is_the_order() {
        assert_eq!(stamped().key().into_bytes().unwrap(), "o-1");
    }
}

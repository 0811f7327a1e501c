//! What an event must be before money is taken for it. Anybody can publish: the producer's rules are checked again. What is
//! wrong is said without what was in the record: it goes into logs and dead letters.

use tidegate::event::EventId;

use super::error::ProcessError;
use crate::order::{Kind, Order, OrderEvent};

/// The first rule that is broken. The price has been checked by its type.
pub(super) fn validate<K: Kind>(
    event: &OrderEvent<K>,
    id: &EventId,
    key: Option<&[u8]>,
) -> Result<(), ProcessError> {
    let order = event.order();
    let broken = ids(event, key).or_else(|| sendable(id)).or_else(|| content(order));
    broken.map_or(Ok(()), |rule| Err(ProcessError::Invalid(rule)))
}

/// One order per key: the order of its events is the order of its partition.
fn ids<K: Kind>(event: &OrderEvent<K>, key: Option<&[u8]>) -> Option<String> {
    let id = &event.order().id;
    if event.aggregate_id != *id {
        return Some("aggregate_id is not the order's id".to_owned());
    }
    (key != Some(id.as_str().as_bytes()))
        .then(|| "the record's key is not the order's id".to_owned())
}

/// The event's id is sent as a header.
fn sendable(id: &EventId) -> Option<String> {
    let printable = id.as_str().bytes().all(|byte| (b'!'..=b'~').contains(&byte));
    (!printable)
        .then(|| "event_id must be printable ASCII: it is the gateway's idempotency key".into())
}

fn content(order: &Order) -> Option<String> {
    let ids = [
        ("id", order.id.as_str()),
        ("customer_id", &order.customer_id),
        ("product_id", &order.product_id),
    ];
    for (name, value) in ids {
        if value.trim().is_empty() || value.chars().count() > Order::MAX_TEXT {
            return Some(format!("{name} must have 1 to {} characters", Order::MAX_TEXT));
        }
    }
    let most = Order::MAX_QUANTITY;
    (!(1..=most).contains(&order.quantity)).then(|| format!("quantity must be 1 to {most}"))
}

//! `POST /api/v1/orders`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use tidegate::event::EventId;
use uuid::Uuid;

use super::conditions::Simulate;
use super::input::Draft;
use super::{Producer, outlet};
use crate::http::{Correlation, FieldError, Json, Reply};
use crate::order::{Kind, Order, OrderCreated, OrderEvent, OrderId};

/// What the client learns about an accepted order.
#[derive(Debug, Serialize)]
pub(super) struct Accepted {
    pub(super) order_id: OrderId,
    pub(super) event_id: EventId,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ignored: Vec<String>,
}

pub(super) async fn create(
    State(app): State<Arc<Producer>>,
    correlation: Correlation,
    simulate: Simulate,
    Json(body): Json<Box<RawValue>>,
) -> Result<Reply, Reply> {
    let (event, accepted) = prepare(&body, &correlation).map_err(|errors| {
        Reply::new(StatusCode::BAD_REQUEST, "the order is not valid").errors(&errors)
    })?;
    let acks = app.outlet.publish(std::slice::from_ref(&event), simulate).await;
    if let Some(Err(error)) = acks.first() {
        tracing::warn!(order_id = %accepted.order_id, %error, "an order was not confirmed");
        return Err(outlet::refusal(error));
    }
    app.remember(event);
    Ok(reply(&accepted))
}

fn reply(accepted: &Accepted) -> Reply {
    let location = HeaderValue::from_str(&format!("/api/v1/orders/{}", accepted.order_id))
        .expect("our own ids are hexadecimal digits and dashes");
    Reply::new(StatusCode::ACCEPTED, "order accepted")
        .data(accepted)
        .header(header::LOCATION, location)
}

/// Checks an order and gives it its identity, which no later attempt changes.
pub(super) fn prepare(
    json: &RawValue,
    correlation: &Correlation,
) -> Result<(OrderCreated, Accepted), Vec<FieldError>> {
    let mut draft = Draft::read(json)?;
    let ignored = std::mem::take(&mut draft.ignored);
    let event: OrderCreated = identified(draft.accept(now()), correlation);
    let accepted = Accepted {
        order_id: event.aggregate_id.clone(),
        event_id: event.event_id.clone(),
        ignored,
    };
    Ok((event, accepted))
}

/// An event of the edge: a new id, the request's correlation id.
pub(super) fn identified<K: Kind>(order: Order, correlation: &Correlation) -> OrderEvent<K> {
    let mut event = OrderEvent::about(order);
    event.event_id = EventId::new(Uuid::now_v7().to_string());
    correlation.as_str().clone_into(&mut event.correlation_id);
    event
}

/// To the millisecond, as records carry it.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

impl Producer {
    /// The broker has it: it can be asked for from now on.
    pub(super) fn remember(&self, event: OrderCreated) {
        tracing::info!(order_id = %event.aggregate_id, event_id = %event.event_id, "order accepted");
        self.pending.insert(event.data.order);
    }
}

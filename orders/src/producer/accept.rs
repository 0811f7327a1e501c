//! `POST /api/v1/orders`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use tidegate::event::EventId;
use tidegate::publisher::PreparedEvent;

use super::counts::Refusal;
use super::input::Draft;
use super::submission::Submission;
use super::{Producer, outlet};
use crate::http::{Correlation, FieldError, Reply};
use crate::order::{Order, OrderCreated, OrderId};

/// What the client learns about an accepted order.
#[derive(Debug, Serialize)]
pub(super) struct Accepted {
    pub(super) order_id: OrderId,
    pub(super) event_id: EventId,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ignored: Vec<String>,
}

/// A legal order with its identity, on its way to the broker.
#[derive(Debug)]
pub(super) struct Legal {
    pub(super) order: Order,
    pub(super) event: PreparedEvent,
    pub(super) accepted: Accepted,
}

pub(super) async fn create(
    State(app): State<Arc<Producer>>,
    Submission { correlation, simulate, body }: Submission<Box<RawValue>>,
) -> Result<Reply, Reply> {
    let Legal { order, event, accepted } = app.prepare(&body, &correlation).map_err(|errors| {
        Reply::new(StatusCode::BAD_REQUEST, "the order is not valid").errors(&errors)
    })?;
    if let Some(Err(error)) = app.outlet.send(vec![event], simulate).await.first() {
        tracing::warn!(order_id = %order.id, %error, "an order was not confirmed");
        app.counts.refused(Refusal::of_publishing(error), 1);
        return Err(outlet::refusal(error));
    }
    app.remember(order, &accepted);
    Ok(reply(&accepted))
}

fn reply(accepted: &Accepted) -> Reply {
    let location = HeaderValue::from_str(&format!("/api/v1/orders/{}", accepted.order_id))
        .expect("our own ids are hexadecimal digits and dashes");
    Reply::new(StatusCode::ACCEPTED, "order accepted")
        .data(accepted)
        .header(header::LOCATION, location)
}

/// To the millisecond, as records carry it.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

impl Producer {
    /// Checks an order and gives it its identity, which no later attempt changes.
    pub(super) fn prepare(
        &self,
        json: &RawValue,
        correlation: &Correlation,
    ) -> Result<Legal, Vec<FieldError>> {
        let read = Draft::read(json);
        let mut draft = read.inspect_err(|_| self.counts.refused(Refusal::Invalid, 1))?;
        let ignored = std::mem::take(&mut draft.ignored);
        let created = OrderCreated::about(draft.accept(now()));
        let (event, written) = self.outlet.prepare(created, correlation);
        let (order_id, event_id) = (written.aggregate_id, written.event_id);
        let accepted = Accepted { order_id, event_id, ignored };
        Ok(Legal { order: written.data.order, event, accepted })
    }

    /// The broker has it: it can be asked for from now on.
    pub(super) fn remember(&self, order: Order, accepted: &Accepted) {
        tracing::info!(order_id = %accepted.order_id, event_id = %accepted.event_id, "order accepted");
        self.counts.accepted();
        self.pending.insert(order);
    }
}

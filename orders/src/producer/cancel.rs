//! `POST /api/v1/orders/{id}/cancel`.
//!
//! The answer says that the wish is in the log, behind everything that was there before it. From the moment that the
//! consumer has processed it the order is cancelled for good, also when it has failed in between: nothing charges it any
//! more, no replay either (test `a_replay_does_not_charge_an_order_that_was_cancelled_before_it_failed`).
//!
//! What remains: an `order.created`, or its replay, that stands in the log before the wish is processed first. It may
//! charge the order, and that charge stays.

use std::sync::Arc;

use axum::body::HttpBody;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::StatusCode;
use serde_json::value::RawValue;
use tidegate::publisher::PreparedEvent;

use super::accept::{Accepted, now};
use super::conditions::Simulate;
use super::{Producer, outlet, text};
use crate::http::{Correlation, Fields, Json, Reply};
use crate::order::{OrderCancelled, OrderId, OrderStatus};

/// Longest reason, in characters.
const MAX_REASON: usize = 500;

pub(super) async fn cancel(
    State(app): State<Arc<Producer>>,
    Path(id): Path<String>,
    correlation: Correlation,
    simulate: Simulate,
    request: Request,
) -> Result<Reply, Reply> {
    let (reason, ignored) = read(request).await?;
    let order = app.find(&OrderId::new(id)).await?.order;
    if matches!(order.status, OrderStatus::Cancelled | OrderStatus::Failed) {
        let ended = format!("is {} already", order.status);
        return Err(Reply::invalid(StatusCode::CONFLICT, "order", ended));
    }
    let mut event = OrderCancelled::about(order.into_status(OrderStatus::Cancelled, now()));
    if let Some(reason) = reason {
        event = event.because(reason);
    }
    let (event, written) = app.outlet.prepare(event, &correlation);
    let accepted = Accepted { order_id: written.aggregate_id, event_id: written.event_id, ignored };
    app.emit(event, accepted, simulate).await
}

impl Producer {
    async fn emit(
        &self,
        event: PreparedEvent,
        accepted: Accepted,
        simulate: Simulate,
    ) -> Result<Reply, Reply> {
        let Accepted { order_id, event_id, .. } = &accepted;
        if let Some(Err(error)) = self.outlet.send(vec![event], simulate).await.first() {
            tracing::warn!(%order_id, %error, "a cancellation was not confirmed");
            return Err(outlet::refusal(error));
        }
        tracing::info!(%order_id, %event_id, "cancellation accepted");
        Ok(Reply::new(StatusCode::ACCEPTED, "cancellation accepted").data(&accepted))
    }
}

/// The reason, and fields that nobody knows. No body at all is no reason, whatever its type is said to be.
async fn read(request: Request) -> Result<(Option<String>, Vec<String>), Reply> {
    if request.body().is_end_stream() {
        return Ok((None, Vec::new()));
    }
    let Json(mut fields) = Json::<Fields<Box<RawValue>>>::from_request(request, &()).await?;
    let repeated: Vec<_> = fields.repeated().collect();
    if !repeated.is_empty() {
        let message = "the cancellation is not valid";
        return Err(Reply::new(StatusCode::BAD_REQUEST, message).errors(&repeated));
    }
    let reason = match fields.values.remove("reason") {
        Some(json) if json.get() != "null" => {
            let refuse = |why| Reply::invalid(StatusCode::BAD_REQUEST, "reason", why);
            Some(text::read(&json, MAX_REASON).map_err(refuse)?)
        }
        _ => None,
    };
    Ok((reason, fields.values.into_keys().collect()))
}

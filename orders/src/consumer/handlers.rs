//! What is done for each event.
//!
//! ```text
//!  order.created ─▶ validate ─▶ cancelled already? ─▶ charge (no lock held) ─▶ one transaction: order completed,
//!                                                                              marker, order.completed owed
//!        attempts spent ─▶ dead letter acked ─▶ one transaction: order failed, marker Dead, order.failed owed
//! ```

use std::sync::Arc;

use jiff::Timestamp;
use tidegate::prelude::*;

use super::App;
use super::error::ProcessError;
use super::simulation::Steer;
use super::validate::validate;
use crate::model::{Happened, Tx, writer};
use crate::order::{
    Order as Placed, OrderCancelled, OrderCompleted, OrderCreated, OrderEvent, OrderFailed,
    OrderStatus, OrderUpdated,
};

/// `order.created`: charges it, once whatever happens, and completes it.
pub(super) async fn created(
    Payload(event): Payload<OrderCreated>,
    id: EventId,
    attempt: Attempt,
    replay: Replay,
    raw: Raw,
    State(app): State<Arc<App>>,
    mut tx: Tx,
) -> Result<Option<Emit<OrderCompleted>>, ProcessError> {
    validate(&event, &id, raw.key.as_deref())?;
    let order = event.order();
    if let Some(ended @ (OrderStatus::Cancelled | OrderStatus::Completed)) =
        app.reader.status(order.id.as_str()).await?
    {
        // Called off before it came here, or completed by another event of the same order.
        tracing::info!(order_id = %order.id, status = %ended, "not charged: the order has ended");
        return Ok(None);
    }
    let steer = Steer::of(&order.product_id);
    steer.before_charge(app.allow_crash).await;
    app.payments.charge(&id, &event.correlation_id, order, attempt.0).await?;
    steer.after_charge(&order.customer_id, attempt.0, replay.is_replay())?;
    let change =
        writer::Change { happened: Happened::Completed, at: Timestamp::now(), reason: None };
    writer::apply(&mut tx.connection().await?, order, change).await?;
    tracing::info!(order_id = %order.id, attempt = attempt.0, "order completed");
    let completed = order.clone().into_status(OrderStatus::Completed, change.at);
    Ok(Some(Emit::to(app.topic.clone(), OrderEvent::about(completed))))
}

/// `order.created` was given up: says so in the read model and to the world.
pub(super) async fn given_up(
    dead: DeadLetter<OrderCreated>,
    State(app): State<Arc<App>>,
    mut tx: Tx,
) -> Result<Option<Emit<OrderFailed>>, ProcessError> {
    // What cannot be decoded, or is another's order, has no order to fail: the dead letter tells of it.
    let Some(event) = dead.payload().filter(|event| is_of(event.order(), &dead)) else {
        return Ok(None);
    };
    let order = event.order();
    let (happened, at) = (Happened::Failed, Timestamp::now());
    let change = writer::Change { happened, at, reason: Some(dead.reason()) };
    let status = writer::apply(&mut tx.connection().await?, order, change).await?;
    if status != OrderStatus::Failed {
        return Ok(None);
    }
    tracing::warn!(order_id = %order.id, reason = dead.reason(), "order failed");
    let failed = OrderEvent::about(order.clone().into_status(status, at));
    Ok(Some(Emit::to(app.topic.clone(), failed.because(dead.reason()))))
}

fn is_of(order: &Placed, dead: &DeadLetter<OrderCreated>) -> bool {
    dead.record().key.as_deref() == Some(order.id.as_str().as_bytes())
}

/// `order.cancelled`: ends the order, whatever has become of it. All events of an order are in one partition and are
/// handled one after the other, so none of them charges while this one is processed, or after it.
pub(super) async fn cancelled(
    Payload(event): Payload<OrderCancelled>,
    id: EventId,
    raw: Raw,
    mut tx: Tx,
) -> Result<(), ProcessError> {
    validate(&event, &id, raw.key.as_deref())?;
    let (happened, at) = (Happened::Cancelled, event.timestamp);
    let change = writer::Change { happened, at, reason: event.reason() };
    let status = writer::apply(&mut tx.connection().await?, event.order(), change).await?;
    tracing::info!(order_id = %event.order().id, %status, "cancellation processed");
    Ok(())
}

/// `order.updated`: takes over its data.
pub(super) async fn updated(
    Payload(event): Payload<OrderUpdated>,
    id: EventId,
    raw: Raw,
    mut tx: Tx,
) -> Result<(), ProcessError> {
    validate(&event, &id, raw.key.as_deref())?;
    writer::project(&mut tx.connection().await?, event.order()).await?;
    Ok(())
}

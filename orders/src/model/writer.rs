//! Changes to the read model, made inside the transaction that holds the event's marker.
//!
//! Each takes the transaction's connection ([`Tx::connection`](super::Tx::connection)), and never commits: the marker,
//! the change and the emitted event stand or fall together (rule 4).

use jiff::Timestamp;

use super::sql::{Connection, Statement};
use super::transition::{Happened, next};
use crate::order::{Order, OrderStatus};

/// What happened to an order, when, and why.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// What.
    pub happened: Happened,
    /// When.
    pub at: Timestamp,
    /// Why; shown beside the status.
    pub reason: Option<&'a str>,
}

/// Applies a change by the rules of [`next`]: status, reason and one line of history. An order that is not known yet
/// is written first, as it stands in the event. Gives the status after it.
///
/// # Errors
/// Whatever the database fails with; the transaction is then to be rolled back.
pub async fn apply(
    connection: &mut Connection<'_>,
    order: &Order,
    change: Change<'_>,
) -> Result<OrderStatus, sqlx::Error> {
    let known = status(connection, order.id.as_str()).await?;
    if known.is_none() {
        insert(connection, order).await?;
    }
    let is = known.unwrap_or(OrderStatus::Pending);
    let Some(status) = next(is, change.happened) else { return Ok(is) };
    set_status(connection, order, status, change).await?;
    note(connection, order.id.as_str(), status, change.at, change.reason).await?;
    Ok(status)
}

/// Takes over an order's data from an `order.updated`; its status stays what it was.
///
/// # Errors
/// As [`apply`].
pub async fn project(connection: &mut Connection<'_>, order: &Order) -> Result<(), sqlx::Error> {
    if status(connection, order.id.as_str()).await?.is_none() {
        return insert(connection, order).await;
    }
    let update = Statement::new(
        "update orders set customer_id = $1, product_id = $2, quantity = $3, price = $4,
                updated_us = case when updated_us < $5 then $5 else updated_us end
         where order_id = $6",
    )
    .text(order.customer_id.as_str())
    .text(order.product_id.as_str())
    .number(order.quantity)
    .text(order.price.to_string().as_str())
    .number(order.updated_at.as_microsecond())
    .text(order.id.as_str());
    connection.run(update).await.map(drop)
}

/// The status of an order; `None`: not projected.
pub(super) async fn status(
    connection: &mut Connection<'_>,
    order_id: &str,
) -> Result<Option<OrderStatus>, sqlx::Error> {
    let find = Statement::new("select status from orders where order_id = $1").text(order_id);
    let Some(row) = connection.row(find).await? else { return Ok(None) };
    let text = row.text("status")?.unwrap_or_default();
    let status = text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    Ok(Some(status))
}

/// A first sight of an order: it starts as pending, at the time when it was placed.
async fn insert(connection: &mut Connection<'_>, order: &Order) -> Result<(), sqlx::Error> {
    let insert = Statement::new(
        "insert into orders (order_id, customer_id, product_id, quantity, price, status, created_us, updated_us)
         values ($1, $2, $3, $4, $5, 'pending', $6, $7)",
    )
    .text(order.id.as_str())
    .text(order.customer_id.as_str())
    .text(order.product_id.as_str())
    .number(order.quantity)
    .text(order.price.to_string().as_str())
    .number(order.created_at.as_microsecond())
    .number(order.updated_at.as_microsecond());
    connection.run(insert).await?;
    note(connection, order.id.as_str(), OrderStatus::Pending, order.created_at, None).await
}

async fn set_status(
    connection: &mut Connection<'_>,
    order: &Order,
    status: OrderStatus,
    change: Change<'_>,
) -> Result<(), sqlx::Error> {
    let update = Statement::new(
        "update orders set status = $1, reason = $2, updated_us = $3 where order_id = $4",
    )
    .text(status.as_str())
    .text(change.reason)
    .number(change.at.as_microsecond())
    .text(order.id.as_str());
    connection.run(update).await.map(drop)
}

async fn note(
    connection: &mut Connection<'_>,
    order_id: &str,
    status: OrderStatus,
    at: Timestamp,
    reason: Option<&str>,
) -> Result<(), sqlx::Error> {
    let insert = Statement::new(
        "insert into order_history (order_id, status, at_us, reason) values ($1, $2, $3, $4)",
    )
    .text(order_id)
    .text(status.as_str())
    .number(at.as_microsecond())
    .text(reason);
    connection.run(insert).await.map(drop)
}

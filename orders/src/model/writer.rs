//! Changes to the read model, made inside the transaction that holds the event's marker.
//!
//! Each takes the transaction's connection (`&mut *tx` of an `Inbox<Sqlite>`), and never commits: the marker, the
//! change and the emitted event stand or fall together (rule 4).

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

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
/// Whatever SQLite fails with; the transaction is then to be rolled back.
pub async fn apply(
    connection: &mut SqliteConnection,
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
pub async fn project(connection: &mut SqliteConnection, order: &Order) -> Result<(), sqlx::Error> {
    if status(connection, order.id.as_str()).await?.is_none() {
        return insert(connection, order).await;
    }
    sqlx::query(
        "update orders set customer_id = ?, product_id = ?, quantity = ?, price = ?, updated_us = max(updated_us, ?)
         where order_id = ?",
    )
    .bind(&order.customer_id)
    .bind(&order.product_id)
    .bind(order.quantity)
    .bind(order.price.to_string())
    .bind(order.updated_at.as_microsecond())
    .bind(order.id.as_str())
    .execute(connection)
    .await
    .map(drop)
}

/// The status of an order; `None`: not projected.
pub(super) async fn status(
    connection: &mut SqliteConnection,
    order_id: &str,
) -> Result<Option<OrderStatus>, sqlx::Error> {
    let row = sqlx::query("select status from orders where order_id = ?")
        .bind(order_id)
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let text: String = row.try_get(0)?;
    let status = text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    Ok(Some(status))
}

/// A first sight of an order: it starts as pending, at the time when it was placed.
async fn insert(connection: &mut SqliteConnection, order: &Order) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into orders (order_id, customer_id, product_id, quantity, price, status, created_us, updated_us)
         values (?, ?, ?, ?, ?, 'pending', ?, ?)",
    )
    .bind(order.id.as_str())
    .bind(&order.customer_id)
    .bind(&order.product_id)
    .bind(order.quantity)
    .bind(order.price.to_string())
    .bind(order.created_at.as_microsecond())
    .bind(order.updated_at.as_microsecond())
    .execute(&mut *connection)
    .await?;
    note(connection, order.id.as_str(), OrderStatus::Pending, order.created_at, None).await
}

async fn set_status(
    connection: &mut SqliteConnection,
    order: &Order,
    status: OrderStatus,
    change: Change<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query("update orders set status = ?, reason = ?, updated_us = ? where order_id = ?")
        .bind(status.as_str())
        .bind(change.reason)
        .bind(change.at.as_microsecond())
        .bind(order.id.as_str())
        .execute(connection)
        .await
        .map(drop)
}

async fn note(
    connection: &mut SqliteConnection,
    order_id: &str,
    status: OrderStatus,
    at: Timestamp,
    reason: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into order_history (order_id, status, at_us, reason) values (?, ?, ?, ?)")
        .bind(order_id)
        .bind(status.as_str())
        .bind(at.as_microsecond())
        .bind(reason)
        .execute(connection)
        .await
        .map(drop)
}

//! The read model as the producer and the replay service see it: read-only, and not there before the consumer made it.

use jiff::Timestamp;
use serde::Serialize;

use super::pool::{Pool, failed};
use super::sql::{Row, Statement};
use super::store::{Database, Store};
use super::{Cursor, ModelError};
use crate::order::{Order, OrderId, OrderStatus};

/// Reads orders. Cheap to clone.
///
/// The database is opened at the first use, and again until it can be: a producer may start before the consumer
/// (test `before_the_consumer_there_is_no_read_model`).
#[derive(Debug, Clone)]
pub struct Reader {
    store: Store,
    pool: Option<Pool>,
}

/// An order as the read model knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderView {
    /// The order; its status is the present one.
    pub order: Order,
    /// Why it has that status, where there is a reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One change of status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryEntry {
    /// To this.
    pub status: OrderStatus,
    /// When.
    pub at: Timestamp,
    /// Why, where there is a reason.
    pub reason: Option<String>,
}

/// Which orders to list. Newest first.
#[derive(Debug, Clone, Default)]
pub struct ListFilter {
    /// Only of this customer.
    pub customer_id: Option<String>,
    /// Only in this status.
    pub status: Option<OrderStatus>,
    /// At most so many; at least 1.
    pub limit: u32,
    /// Behind this one.
    pub after: Option<Cursor>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// In the list's order.
    pub orders: Vec<OrderView>,
    /// To go on with; `None`: this was the last page.
    pub next: Option<Cursor>,
}

/// What is read of an order.
const COLUMNS: &str =
    "select o.order_id, o.customer_id, o.product_id, o.quantity, o.price, o.status, o.reason,
                              o.created_us, o.updated_us";

impl Reader {
    /// For the read model there, which may not exist yet. Must be called inside a tokio runtime.
    #[must_use]
    pub fn new(store: &Store) -> Self {
        // A URL that is none was refused at the start; without that each read says so.
        Self { store: store.clone(), pool: Pool::of(store).ok() }
    }

    /// Which database it reads.
    #[must_use]
    pub const fn database(&self) -> Database {
        self.store.database()
    }

    /// Whether it can be read now.
    ///
    /// # Errors
    /// [`ModelError::Missing`] before the consumer has made it.
    pub async fn health(&self) -> Result<(), ModelError> {
        self.status("").await.map(drop)
    }

    /// The status of an order; `None`: not projected.
    ///
    /// # Errors
    /// [`ModelError::Missing`] before the consumer has made it.
    pub async fn status(&self, order_id: &str) -> Result<Option<OrderStatus>, ModelError> {
        let find = Statement::new("select order_id, status from orders where order_id = $1");
        let rows = self.rows(find.text(order_id)).await?;
        rows.first().map(|row| parsed(row, "status")).transpose()
    }

    /// An order with its history, oldest change first; `None`: not projected.
    ///
    /// # Errors
    /// [`ModelError::Missing`] before the consumer has made it.
    pub async fn get(
        &self,
        order_id: &str,
    ) -> Result<Option<(OrderView, Vec<HistoryEntry>)>, ModelError> {
        // One statement: status and history of the same moment.
        let find = Statement::new(format!(
            "{COLUMNS}, h.status as then_status, h.at_us as then_us, h.reason as then_reason
             from orders o join order_history h on h.order_id = o.order_id
             where o.order_id = $1 order by h.id"
        ));
        let rows = self.rows(find.text(order_id)).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let history = rows.iter().map(history_entry).collect::<Result<_, _>>()?;
        Ok(Some((order_view(first)?, history)))
    }

    /// A page of orders, newest first. Orders that arrive while paging do not shift what follows.
    ///
    /// # Errors
    /// [`ModelError::Missing`] before the consumer has made it.
    pub async fn list(&self, filter: &ListFilter) -> Result<Page, ModelError> {
        let limit = filter.limit.max(1) as usize;
        let mut rows = self.rows(list_statement(filter, limit + 1)).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(cursor).transpose()?;
        let orders = rows.iter().map(order_view).collect::<Result<_, _>>()?;
        Ok(Page { orders, next })
    }

    /// What must fail.
    #[cfg(test)]
    pub(super) async fn forbidden(&self) -> Result<(), ModelError> {
        self.rows(Statement::new("delete from order_history")).await.map(drop)
    }

    async fn rows(&self, statement: Statement) -> Result<Vec<Row>, ModelError> {
        let pool = match &self.pool {
            Some(pool) => pool,
            None => &Pool::of(&self.store)?,
        };
        pool.rows(statement).await.map_err(|error| failed(&self.store, error))
    }
}

fn list_statement(filter: &ListFilter, limit: usize) -> Statement {
    let mut find = Statement::new(format!("{COLUMNS} from orders o where true"));
    if let Some(customer) = &filter.customer_id {
        find = find.and(" and customer_id = ?").text(customer.as_str());
    }
    if let Some(status) = filter.status {
        find = find.and(" and status = ?").text(status.as_str());
    }
    if let Some(after) = &filter.after {
        find = find.and(" and (created_us, order_id) < (?, ?)");
        find = find.number(after.created_us).text(after.order_id.as_str());
    }
    find.and(" order by created_us desc, order_id desc limit ?").number(limit as i64)
}

fn cursor(row: &Row) -> Result<Cursor, ModelError> {
    Ok(Cursor { created_us: row.number("created_us")?, order_id: text(row, "order_id")? })
}

fn order_view(row: &Row) -> Result<OrderView, ModelError> {
    let quantity = row.number("quantity")?;
    let order = Order {
        id: OrderId::new(text(row, "order_id")?),
        customer_id: text(row, "customer_id")?,
        product_id: text(row, "product_id")?,
        quantity: quantity.try_into().map_err(|_| damaged(row, "quantity"))?,
        price: parsed(row, "price")?,
        status: parsed(row, "status")?,
        created_at: time(row, "created_us")?,
        updated_at: time(row, "updated_us")?,
    };
    Ok(OrderView { order, reason: row.text("reason")? })
}

fn history_entry(row: &Row) -> Result<HistoryEntry, ModelError> {
    Ok(HistoryEntry {
        status: parsed(row, "then_status")?,
        at: time(row, "then_us")?,
        reason: row.text("then_reason")?,
    })
}

fn text(row: &Row, field: &'static str) -> Result<String, ModelError> {
    row.text(field)?.ok_or_else(|| damaged(row, field))
}

fn parsed<T: std::str::FromStr>(row: &Row, field: &'static str) -> Result<T, ModelError> {
    text(row, field)?.parse().map_err(|_| damaged(row, field))
}

fn time(row: &Row, field: &'static str) -> Result<Timestamp, ModelError> {
    Timestamp::from_microsecond(row.number(field)?).map_err(|_| damaged(row, field))
}

fn damaged(row: &Row, field: &'static str) -> ModelError {
    let order_id = row.text("order_id").ok().flatten().unwrap_or_default();
    ModelError::Damaged { order_id, field }
}

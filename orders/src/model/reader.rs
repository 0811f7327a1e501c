//! The read model as the producer and the replay service see it: read-only, and not there before the consumer made it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteRow};
use sqlx::{Connection, QueryBuilder, Row, Sqlite};

use super::{Cursor, ModelError, writer};
use crate::order::{Order, OrderId, OrderStatus};

/// Reads orders. Cheap to clone.
///
/// The file is opened at the first use, and again until it exists: a producer may start before the consumer
/// (test `before_the_consumer_there_is_no_read_model`).
#[derive(Debug, Clone)]
pub struct Reader {
    path: PathBuf,
    pool: SqlitePool,
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

impl Reader {
    /// For the file at `path`, which may not exist yet. Must be called inside a tokio runtime.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .read_only(true)
            .busy_timeout(Duration::from_secs(2));
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(3))
            // One whose transaction was ended by SQLite itself (I/O error) would go on reading one old state for ever.
            .before_acquire(|connection, _| {
                let usable = !connection.is_in_transaction();
                Box::pin(async move { Ok(usable) })
            })
            .connect_lazy_with(options);
        Self { path: path.to_owned(), pool }
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
        let mut connection = self.pool.acquire().await.map_err(|error| self.failed(error))?;
        writer::status(&mut connection, order_id).await.map_err(|error| self.failed(error))
    }

    /// An order with its history, oldest change first; `None`: not projected.
    ///
    /// # Errors
    /// [`ModelError::Missing`] before the consumer has made it.
    pub async fn get(
        &self,
        order_id: &str,
    ) -> Result<Option<(OrderView, Vec<HistoryEntry>)>, ModelError> {
        // One transaction: status and history of the same moment.
        let mut tx = self.pool.begin().await.map_err(|error| self.failed(error))?;
        let row = sqlx::query("select * from orders where order_id = ?")
            .bind(order_id)
            .fetch_optional(&mut *tx)
            .await
            .map_err(|error| self.failed(error))?;
        let Some(row) = row else { return Ok(None) };
        let history = sqlx::query(
            "select order_id, status, at_us, reason from order_history where order_id = ? order by id",
        )
        .bind(order_id)
        .fetch_all(&mut *tx)
        .await
        .map_err(|error| self.failed(error))?;
        let history = history.iter().map(history_entry).collect::<Result<_, _>>()?;
        Ok(Some((order_view(&row)?, history)))
    }

    /// A page of orders, newest first. Orders that arrive while paging do not shift what follows.
    ///
    /// # Errors
    /// [`ModelError::Missing`] before the consumer has made it.
    pub async fn list(&self, filter: &ListFilter) -> Result<Page, ModelError> {
        let limit = filter.limit.max(1) as usize;
        let mut query = list_query(filter);
        query.push(" order by created_us desc, order_id desc limit ").push_bind(limit as i64 + 1);
        let mut rows =
            query.build().fetch_all(&self.pool).await.map_err(|error| self.failed(error))?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(cursor).transpose()?;
        let orders = rows.iter().map(order_view).collect::<Result<_, _>>()?;
        Ok(Page { orders, next })
    }

    /// No file and no tables are one case: the consumer has not been here.
    fn failed(&self, error: sqlx::Error) -> ModelError {
        let missing = match &error {
            sqlx::Error::Database(database) => database.message().contains("no such table"),
            _ => false,
        };
        if missing || !self.path.exists() {
            return ModelError::Missing { path: self.path.display().to_string() };
        }
        error.into()
    }
}

fn list_query(filter: &ListFilter) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("select * from orders where true");
    if let Some(customer) = &filter.customer_id {
        query.push(" and customer_id = ").push_bind(customer.clone());
    }
    if let Some(status) = filter.status {
        query.push(" and status = ").push_bind(status.as_str());
    }
    if let Some(after) = &filter.after {
        query.push(" and (created_us, order_id) < (").push_bind(after.created_us);
        query.push(", ").push_bind(after.order_id.clone()).push(")");
    }
    query
}

fn cursor(row: &SqliteRow) -> Result<Cursor, ModelError> {
    Ok(Cursor { created_us: row.try_get("created_us")?, order_id: row.try_get("order_id")? })
}

fn order_view(row: &SqliteRow) -> Result<OrderView, ModelError> {
    let order = Order {
        id: OrderId::new(row.try_get::<String, _>("order_id")?),
        customer_id: row.try_get("customer_id")?,
        product_id: row.try_get("product_id")?,
        quantity: row.try_get("quantity")?,
        price: parsed(row, "price")?,
        status: parsed(row, "status")?,
        created_at: time(row, "created_us")?,
        updated_at: time(row, "updated_us")?,
    };
    Ok(OrderView { order, reason: row.try_get("reason")? })
}

fn history_entry(row: &SqliteRow) -> Result<HistoryEntry, ModelError> {
    Ok(HistoryEntry {
        status: parsed(row, "status")?,
        at: time(row, "at_us")?,
        reason: row.try_get("reason")?,
    })
}

fn parsed<T: std::str::FromStr>(row: &SqliteRow, field: &'static str) -> Result<T, ModelError> {
    let text: String = row.try_get(field)?;
    text.parse().map_err(|_| damaged(row, field))
}

fn time(row: &SqliteRow, field: &'static str) -> Result<Timestamp, ModelError> {
    Timestamp::from_microsecond(row.try_get(field)?).map_err(|_| damaged(row, field))
}

fn damaged(row: &SqliteRow, field: &'static str) -> ModelError {
    ModelError::Damaged { order_id: row.try_get("order_id").unwrap_or_default(), field }
}

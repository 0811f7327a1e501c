//! `GET /api/v1/orders/{id}` and `GET /api/v1/orders`: from the read model.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{Producer, text};
use crate::http::{Query, Reply};
use crate::model::{Cursor, HistoryEntry, ListFilter, ModelError, OrderView};
use crate::order::{Order, OrderId, OrderStatus};

#[derive(Debug, Serialize)]
struct Shown<'a> {
    order_id: &'a OrderId,
    status: OrderStatus,
    projected: bool,
    order: &'a Order,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<&'a [HistoryEntry]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// An order, and whether the read model has it.
pub(super) struct Found {
    pub(super) order: Order,
    history: Vec<HistoryEntry>,
    projected: bool,
}

pub(super) async fn get(
    State(app): State<Arc<Producer>>,
    Path(id): Path<String>,
) -> Result<Reply, Reply> {
    let found = app.find(&OrderId::new(id)).await?;
    let shown = Shown {
        order_id: &found.order.id,
        status: found.order.status,
        projected: found.projected,
        order: &found.order,
        history: Some(&found.history),
        reason: None,
    };
    Ok(Reply::ok("order found", &shown))
}

impl Producer {
    /// The order by the read model, else as it was accepted by this process.
    pub(super) async fn find(&self, id: &OrderId) -> Result<Found, Reply> {
        // Looked up first: an order that is projected in between is then in one of the two.
        let accepted = self.pending.get(id);
        let projected = self.reader.get(id.as_str()).await.map_err(|error| no_model(&error))?;
        match (projected, accepted) {
            (Some((view, history)), _) => Ok(Found { order: view.order, history, projected: true }),
            (None, Some(order)) => Ok(not_projected(&order)),
            (None, None) => Err(Reply::invalid(
                StatusCode::NOT_FOUND,
                "order",
                format!(
                    "{id} is not known (or was accepted before a restart, and is not projected yet)"
                ),
            )),
        }
    }
}

fn not_projected(order: &Order) -> Found {
    let accepted = HistoryEntry { status: order.status, at: order.created_at, reason: None };
    Found { order: order.clone(), history: vec![accepted], projected: false }
}

/// Names the read model, and the cause behind it.
fn no_model(error: &ModelError) -> Reply {
    tracing::warn!(%error, cause = ?std::error::Error::source(error), "the read model cannot be read");
    Reply::unavailable("read model", format!("cannot be read: {error}"))
}

/// As sent: each parameter is checked by itself, so that each gets its own answer.
#[derive(Debug, Deserialize)]
pub(super) struct Parameters {
    customer_id: Option<String>,
    status: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// Orders in a page: 1 to this, 20 unless said.
const MAX_LIMIT: u32 = 200;
const USUAL_LIMIT: u32 = 20;

#[derive(Debug, Serialize)]
struct Page<'a> {
    orders: Vec<Shown<'a>>,
    limit: u32,
    count: usize,
    next_cursor: Option<String>,
}

pub(super) async fn list(
    State(app): State<Arc<Producer>>,
    Query(parameters): Query<Parameters>,
) -> Result<Reply, Reply> {
    let filter = parameters.filter()?;
    let page = app.reader.list(&filter).await.map_err(|error| no_model(&error))?;
    let orders: Vec<_> = page.orders.iter().map(listed).collect();
    let next_cursor = page.next.map(|cursor| cursor.to_string());
    let page = Page { count: orders.len(), limit: filter.limit, orders, next_cursor };
    Ok(Reply::ok("orders, newest first", &page))
}

fn listed(view: &OrderView) -> Shown<'_> {
    Shown {
        order_id: &view.order.id,
        status: view.order.status,
        projected: true,
        order: &view.order,
        history: None,
        reason: view.reason.as_deref(),
    }
}

impl Parameters {
    fn filter(self) -> Result<ListFilter, Reply> {
        let status = self.status.map(|text| text.parse::<OrderStatus>()).transpose();
        let after = self.cursor.map(|text| text.parse::<Cursor>()).transpose();
        Ok(ListFilter {
            customer_id: self.customer_id.as_deref().map(text::normal),
            status: status.map_err(|error| bad("status", error.to_string()))?,
            limit: limit(self.limit.as_deref())?,
            after: after.map_err(|error| bad("cursor", error.to_string()))?,
        })
    }
}

fn limit(text: Option<&str>) -> Result<u32, Reply> {
    match text.map(str::parse) {
        None => Ok(USUAL_LIMIT),
        Some(Ok(limit @ 1..=MAX_LIMIT)) => Ok(limit),
        Some(_) => Err(bad("limit", format!("must be a number from 1 to {MAX_LIMIT}"))),
    }
}

fn bad(parameter: &str, reason: String) -> Reply {
    Reply::invalid(StatusCode::BAD_REQUEST, parameter, reason)
}

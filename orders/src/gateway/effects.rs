//! `GET /api/v1/effects`, `GET /api/v1/effects/stats` and `GET /ready`: what was really done.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Gateway;
use super::effect::Effect;
use crate::http::{Query, Reply};

/// Effects in a page: 1 to this, which is also what comes unless said.
const MAX_LIMIT: usize = 1_000;

/// `cursor`: how many effects were seen already.
#[derive(Debug, Deserialize)]
pub(super) struct Parameters {
    cursor: Option<String>,
    limit: Option<String>,
}

#[derive(Debug, Serialize)]
struct Page<'a> {
    effects: &'a [Effect],
    count: usize,
    next_cursor: Option<String>,
}

/// Oldest first. `next_cursor` is null on the last page.
pub(super) async fn list(
    State(gateway): State<Arc<Gateway>>,
    Query(parameters): Query<Parameters>,
) -> Result<Reply, Reply> {
    let from = number("cursor", parameters.cursor, 0, usize::MAX)?.unwrap_or(0);
    let limit = number("limit", parameters.limit, 1, MAX_LIMIT)?.unwrap_or(MAX_LIMIT);
    let effects = gateway.ledger.effects();
    let rest = effects.get(from..).unwrap_or_default();
    let page = &rest[..limit.min(rest.len())];
    let next_cursor = (page.len() < rest.len()).then(|| (from + page.len()).to_string());
    let page = Page { effects: page, count: page.len(), next_cursor };
    Ok(Reply::ok("performed charges, oldest first", &page))
}

pub(super) async fn stats(State(gateway): State<Arc<Gateway>>) -> Reply {
    let performed = gateway.ledger.effects().len();
    let data = json!({ "requested": gateway.ledger.requested(), "performed": performed });
    Reply::ok("charges asked for and performed", &data)
}

fn number(
    name: &str,
    text: Option<String>,
    least: usize,
    most: usize,
) -> Result<Option<usize>, Reply> {
    let Some(text) = text else { return Ok(None) };
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
        _ => Err(Reply::invalid(
            StatusCode::BAD_REQUEST,
            name,
            format!("must be a number from {least} to {most}"),
        )),
    }
}

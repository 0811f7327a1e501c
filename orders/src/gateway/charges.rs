//! `POST /api/v1/charges`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Gateway;
use super::effect::Effect;
use super::ledger::{Charge, ChargeError, Receipt};
use super::mood::Mood;
use crate::http::{Json, Reply};
use crate::order::Money;

pub(super) const KEY: &str = "Idempotency-Key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Longest key and ids, in characters.
const MAX: usize = 255;

#[derive(Debug, Deserialize)]
pub(super) struct Body {
    order_id: String,
    event_id: Option<String>,
    amount: Box<RawValue>,
    #[serde(default = "first")]
    attempt: u32,
}

const fn first() -> u32 {
    1
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    effect: &'a Effect,
    repeated: bool,
}

pub(super) async fn create(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
    Json(body): Json<Body>,
) -> Result<Reply, Reply> {
    let key = key(&headers)?;
    if !is_id(&body.order_id) {
        return Err(bad("order_id", "must be 1 to 255 characters"));
    }
    let amount =
        Money::from_json(&body.amount).map_err(|error| bad("amount", &error.to_string()))?;
    gateway.ledger.count_request();
    let mood = gateway.moods.now();
    turned_away(&mood)?;
    let charge = Charge {
        order_id: body.order_id,
        event_id: body.event_id,
        amount,
        attempt: body.attempt,
        key,
        honour: !mood.forgetful,
    };
    let receipt = gateway.ledger.charge(charge).await.map_err(|error| refusal(&error))?;
    tokio::time::sleep(mood.latency()).await;
    Ok(reply(&receipt))
}

fn reply(receipt: &Receipt) -> Reply {
    let Receipt { effect, repeated } = receipt;
    let message = if *repeated { "charged before" } else { "charged" };
    // A line for each, as for each order that is accepted and completed: here money moves. Of the amount nothing is said.
    let (order_id, attempt) = (&effect.order_id, effect.attempt);
    tracing::info!(order_id, effect_id = %effect.effect_id, attempt, repeated, message);
    let reply = Reply::ok(message, &Shown { effect, repeated: *repeated });
    if *repeated { reply.header(REPLAYED, HeaderValue::from_static("true")) } else { reply }
}

/// Before anything is done.
fn turned_away(mood: &Mood) -> Result<(), Reply> {
    if mood.down {
        return Err(Reply::unavailable("gateway", "is down"));
    }
    if fastrand::f64() < mood.failure_rate {
        let (status, reason) = (StatusCode::TOO_MANY_REQUESTS, "is busy: come again later");
        return Err(Reply::invalid(status, "gateway", reason)
            .header(header::RETRY_AFTER, HeaderValue::from_static("1")));
    }
    Ok(())
}

fn refusal(error: &ChargeError) -> Reply {
    match error {
        ChargeError::KeyReused(_) => {
            Reply::invalid(StatusCode::UNPROCESSABLE_ENTITY, KEY, error.to_string())
        }
        ChargeError::Unwritable(_) => Reply::unavailable("ledger", error.to_string()),
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Reply> {
    let Some(value) = headers.get(KEY) else { return Ok(None) };
    match value.to_str() {
        Ok(key) if is_id(key) => Ok(Some(key.to_owned())),
        _ => Err(bad(KEY, "must be 1 to 255 printable characters")),
    }
}

fn is_id(text: &str) -> bool {
    (1..=MAX).contains(&text.chars().count())
}

fn bad(field: &str, reason: &str) -> Reply {
    Reply::invalid(StatusCode::BAD_REQUEST, field, reason)
}

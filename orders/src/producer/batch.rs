//! `POST /api/v1/orders/batch`: published together; one bad order does not spoil the others.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use tidegate::broker::PublishError;

use super::accept::{Accepted, prepare};
use super::conditions::Simulate;
use super::{Producer, outlet};
use crate::http::{Correlation, FieldError, Json, Reply};
use crate::order::OrderCreated;

#[derive(Debug, Default, Serialize)]
struct Summary {
    processed: usize,
    failed: usize,
    results: Vec<Accepted>,
    errors: Vec<String>,
}

/// A legal order of the batch, and its number in it, from 1.
struct Entry {
    number: usize,
    accepted: Accepted,
}

pub(super) async fn create(
    State(app): State<Arc<Producer>>,
    correlation: Correlation,
    simulate: Simulate,
    Json(body): Json<Vec<Box<RawValue>>>,
) -> Result<Reply, Reply> {
    if body.is_empty() || body.len() > app.batch_limit {
        let reason = format!("must hold 1 to {} orders (BATCH_LIMIT)", app.batch_limit);
        return Err(Reply::invalid(StatusCode::BAD_REQUEST, "body", reason));
    }
    let mut errors = Vec::new();
    let (events, entries) = sort(&body, &correlation, &mut errors);
    let acks = app.outlet.publish(&events, simulate).await;
    if let Some(first) = all_failed(&acks) {
        tracing::warn!(orders = acks.len(), error = %first, "a batch was not confirmed");
        return Err(outlet::refusal(first));
    }
    let results = app.settle(events, entries, acks, &mut errors);
    Ok(reply(body.len(), results, errors))
}

/// Legal orders to be published; what is wrong with the others goes to `errors`.
fn sort(
    body: &[Box<RawValue>],
    correlation: &Correlation,
    errors: &mut Vec<(usize, String)>,
) -> (Vec<OrderCreated>, Vec<Entry>) {
    let mut legal = Vec::new();
    for (number, json) in (1..).zip(body) {
        match prepare(json, correlation) {
            Ok((event, accepted)) => legal.push((event, Entry { number, accepted })),
            Err(broken) => errors.push((number, sentence(&broken))),
        }
    }
    legal.into_iter().unzip()
}

/// `quantity must be positive; price is required`.
fn sentence(errors: &[FieldError]) -> String {
    let parts: Vec<_> = errors.iter().map(|e| format!("{} {}", e.field, e.reason)).collect();
    parts.join("; ")
}

/// The first error, when nothing of the batch was confirmed.
fn all_failed(acks: &[Result<(), PublishError>]) -> Option<&PublishError> {
    if acks.iter().any(Result::is_ok) {
        return None;
    }
    acks.iter().find_map(|ack| ack.as_ref().err())
}

impl Producer {
    fn settle(
        &self,
        events: Vec<OrderCreated>,
        entries: Vec<Entry>,
        acks: Vec<Result<(), PublishError>>,
        errors: &mut Vec<(usize, String)>,
    ) -> Vec<Accepted> {
        let mut results = Vec::with_capacity(entries.len());
        for ((event, entry), ack) in events.into_iter().zip(entries).zip(acks) {
            match ack {
                Ok(()) => {
                    self.remember(event);
                    results.push(entry.accepted);
                }
                Err(error) => {
                    errors.push((entry.number, format!("the broker {}", outlet::reason(&error))));
                }
            }
        }
        results
    }
}

/// 202 when at least one order was accepted; 400 when none was legal.
fn reply(sent: usize, results: Vec<Accepted>, mut errors: Vec<(usize, String)>) -> Reply {
    errors.sort_unstable_by_key(|(number, _)| *number);
    let status = if results.is_empty() { StatusCode::BAD_REQUEST } else { StatusCode::ACCEPTED };
    let summary = Summary {
        processed: results.len(),
        failed: errors.len(),
        results,
        errors: errors
            .into_iter()
            .map(|(number, text)| format!("Order {number}: {text}"))
            .collect(),
    };
    let message = format!("{} of {sent} orders accepted", summary.processed);
    Reply::new(status, message).data(&summary)
}

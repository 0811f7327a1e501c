//! `POST /api/v1/orders/batch`: published together; one bad order does not spoil the others.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use tidegate::publisher::{PreparedEvent, PublishError};

use super::accept::{Accepted, Legal};
use super::counts::Refusal;
use super::submission::Submission;
use super::{Producer, outlet};
use crate::http::{Correlation, FieldError, Reply};
use crate::order::Order;

#[derive(Debug, Default, Serialize)]
struct Summary {
    processed: usize,
    failed: usize,
    results: Vec<Accepted>,
    errors: Vec<String>,
}

/// A legal order of the batch, whose event is on its way.
struct Taken {
    number: usize,
    order: Order,
    accepted: Accepted,
}

/// What is wrong, with the order's number in the batch, from 1.
type Wrong = Vec<(usize, String)>;

pub(super) async fn create(
    State(app): State<Arc<Producer>>,
    Submission { correlation, simulate, body }: Submission<Vec<Box<RawValue>>>,
) -> Result<Reply, Reply> {
    if body.is_empty() || body.len() > app.batch_limit {
        app.counts.refused(Refusal::Malformed, body.len().max(1));
        let reason = format!("must hold 1 to {} orders (BATCH_LIMIT)", app.batch_limit);
        return Err(Reply::invalid(StatusCode::BAD_REQUEST, "body", reason));
    }
    let (events, legal, mut wrong) = app.sort(&body, &correlation);
    let acks = app.outlet.send(events, simulate).await;
    for error in acks.iter().filter_map(|ack| ack.as_ref().err()) {
        app.counts.refused(Refusal::of_publishing(error), 1);
    }
    if let Some(first) = all_failed(&acks) {
        tracing::warn!(orders = acks.len(), error = %first, "a batch was not confirmed");
        return Err(outlet::refusal(first));
    }
    let results = app.settle(legal, acks, &mut wrong);
    Ok(reply(body.len(), results, wrong))
}

/// `quantity must be positive; price is required`.
fn sentence(errors: &[FieldError]) -> String {
    let parts: Vec<_> = errors.iter().map(|e| format!("{} {}", e.field, e.reason)).collect();
    parts.join("; ")
}

/// What to say when nothing of the batch was confirmed. One order that may be there all the same decides: to send the
/// batch again could make it twice.
fn all_failed(acks: &[Result<(), PublishError>]) -> Option<&PublishError> {
    if acks.iter().any(Result::is_ok) {
        return None;
    }
    let mut errors = acks.iter().filter_map(|ack| ack.as_ref().err());
    errors.clone().find(|error| error.is_unknown()).or_else(|| errors.next())
}

impl Producer {
    /// The events of the legal orders, the orders by number, and what is wrong with the others.
    fn sort(
        &self,
        body: &[Box<RawValue>],
        correlation: &Correlation,
    ) -> (Vec<PreparedEvent>, Vec<Taken>, Wrong) {
        let mut events = Vec::with_capacity(body.len());
        let (mut legal, mut wrong) = (Vec::with_capacity(body.len()), Vec::new());
        for (number, json) in (1..).zip(body) {
            match self.prepare(json, correlation) {
                Ok(Legal { order, event, accepted }) => {
                    events.push(event);
                    legal.push(Taken { number, order, accepted });
                }
                Err(errors) => wrong.push((number, sentence(&errors))),
            }
        }
        (events, legal, wrong)
    }

    /// What was acknowledged; what was not goes to `wrong`.
    fn settle(
        &self,
        legal: Vec<Taken>,
        acks: Vec<Result<(), PublishError>>,
        wrong: &mut Wrong,
    ) -> Vec<Accepted> {
        let mut results = Vec::with_capacity(legal.len());
        for (Taken { number, order, accepted }, ack) in legal.into_iter().zip(acks) {
            match ack {
                Ok(()) => {
                    self.remember(order, &accepted);
                    results.push(accepted);
                }
                Err(error) => {
                    wrong.push((number, format!("the broker {}", outlet::reason(&error))))
                }
            }
        }
        results
    }
}

/// 202 when at least one order was accepted; 400 when none was legal.
fn reply(sent: usize, results: Vec<Accepted>, mut wrong: Wrong) -> Reply {
    wrong.sort_unstable_by_key(|(number, _)| *number);
    let status = if results.is_empty() { StatusCode::BAD_REQUEST } else { StatusCode::ACCEPTED };
    let summary = Summary {
        processed: results.len(),
        failed: wrong.len(),
        results,
        errors: wrong.into_iter().map(|(number, text)| format!("Order {number}: {text}")).collect(),
    };
    let message = format!("{} of {sent} orders accepted", summary.processed);
    Reply::new(status, message).data(&summary)
}

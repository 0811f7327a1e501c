//! Posts a case, then asks the read model until the order has ended.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use super::case::{Case, Ending};
use crate::load::{Client, ClientError, Reply, Services};
use crate::order::OrderStatus;

const POLL: Duration = Duration::from_millis(100);

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How.
    pub ending: Ending,
    /// Why, where the services say so.
    pub reason: String,
    /// The id of its `order.created`, to replay it by.
    pub event_id: Option<String>,
}

/// A posted order, or why it was not.
pub(super) enum Posted {
    Accepted { order_id: String, event_id: String },
    Ended(Outcome),
}

#[derive(Deserialize)]
struct View {
    status: OrderStatus,
    history: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Letters {
    messages: Vec<Letter>,
}

#[derive(Deserialize)]
struct Letter {
    event_id: String,
    attempts: Option<u32>,
}

/// Posts the order of a case.
pub(super) async fn post(
    client: &Client,
    services: &Services,
    case: &Case,
) -> Result<Posted, ClientError> {
    let url = format!("{}/api/v1/orders", services.producer);
    let request = client.post(&url, case.order.get().to_owned());
    let ended = |ending, reason| Posted::Ended(Outcome { ending, reason, event_id: None });
    Ok(match client.order(request).await? {
        Reply::Accepted { order_id, event_id } => Posted::Accepted { order_id, event_id },
        Reply::Refused { status, message } => ended(Ending::Refused, format!("{status} {message}")),
        Reply::Unknown { reason } => ended(Ending::Open, reason),
    })
}

/// Waits until the order has ended, or the deadline is over.
pub(super) async fn outcome(
    client: &Client,
    services: &Services,
    posted: Posted,
    deadline: Instant,
) -> Result<Outcome, ClientError> {
    let (order_id, event_id) = match posted {
        Posted::Accepted { order_id, event_id } => (order_id, event_id),
        Posted::Ended(outcome) => return Ok(outcome),
    };
    let url = format!("{}/api/v1/orders/{order_id}", services.producer);
    loop {
        let (ending, reason) = match client.get::<View>(&url).await {
            Ok(view) => (ending(view.status), last_reason(view)),
            // Not projected yet, or the read model is not there yet.
            Err(ClientError::Status { message, .. }) => (Ending::Open, message),
            Err(error) => return Err(error),
        };
        if ending != Ending::Open || Instant::now() > deadline {
            let letter = match ending {
                Ending::Failed => dead_letter(client, services, &event_id).await?,
                _ => String::new(),
            };
            return Ok(Outcome { ending, reason: reason + &letter, event_id: Some(event_id) });
        }
        tokio::time::sleep(POLL).await;
    }
}

/// A failed order has a dead letter, which was there before it was called failed (rule 4).
async fn dead_letter(
    client: &Client,
    services: &Services,
    event_id: &str,
) -> Result<String, ClientError> {
    let url = format!("{}/api/v1/dlq/messages?q={event_id}", services.replay);
    let page: Letters = client.get(&url).await?;
    Ok(match page.messages.into_iter().find(|letter| letter.event_id == event_id) {
        Some(Letter { attempts: Some(1), .. }) => "; dead letter after 1 attempt".to_owned(),
        Some(Letter { attempts: Some(count), .. }) => {
            format!("; dead letter after {count} attempts")
        }
        Some(_) => "; dead letter".to_owned(),
        None => "; NO DEAD LETTER".to_owned(),
    })
}

fn ending(status: OrderStatus) -> Ending {
    match status {
        OrderStatus::Completed => Ending::Completed,
        OrderStatus::Failed => Ending::Failed,
        OrderStatus::Cancelled => Ending::Cancelled,
        OrderStatus::Pending | OrderStatus::Processing => Ending::Open,
    }
}

fn last_reason(mut view: View) -> String {
    view.history.pop().and_then(|change| change.reason).unwrap_or_default()
}

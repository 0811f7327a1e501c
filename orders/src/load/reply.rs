//! What an answer of the services says.

use reqwest::{Response, StatusCode};
use serde::{Deserialize, Serialize};

use super::client::ClientError;
use super::judge::Answer;

/// What a request came back with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "lowercase")]
pub enum Reply {
    /// 202: the order is in the log.
    Accepted {
        /// The order's id.
        order_id: String,
        /// The id of its `order.created`.
        event_id: String,
    },
    /// The service refused it: there must be no such order.
    Refused {
        /// The status.
        status: u16,
        /// What the service said.
        message: String,
    },
    /// No answer, or one that leaves it open: 0 or 1 order.
    Unknown {
        /// What came instead of an answer.
        reason: String,
    },
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        match reply {
            Reply::Accepted { order_id, .. } => Self::Accepted(order_id),
            Reply::Refused { status, message } => Self::Refused(format!("{status} {message}")),
            Reply::Unknown { .. } => Self::Unknown,
        }
    }
}

/// The envelope of every answer.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<T> {
    #[serde(default)]
    pub(super) message: String,
    pub(super) data: Option<T>,
}

/// The ids of an accepted order.
#[derive(Debug, Deserialize)]
struct Ids {
    order_id: String,
    event_id: String,
}

/// Reads the answer to an order.
pub(super) async fn read(response: Response) -> Reply {
    let status = response.status();
    let text = match response.text().await {
        Ok(text) => text,
        Err(error) => return Reply::Unknown { reason: error.to_string() },
    };
    if status == StatusCode::ACCEPTED {
        return match serde_json::from_str::<Envelope<Ids>>(&text).ok().and_then(|e| e.data) {
            Some(Ids { order_id, event_id }) => Reply::Accepted { order_id, event_id },
            None => Reply::Unknown { reason: format!("202 without ids: {text}") },
        };
    }
    let message = message(&text);
    // A 5xx leaves open whether the broker has the record; a 4xx was decided before.
    if status.is_client_error() {
        Reply::Refused { status: status.as_u16(), message }
    } else {
        Reply::Unknown { reason: format!("{status}: {message}") }
    }
}

/// A request that broke, and all that is known about why.
pub(super) fn unknown(error: &ClientError) -> Reply {
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        reason = format!("{reason}: {cause}");
        source = cause.source();
    }
    Reply::Unknown { reason }
}

#[derive(Default, Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<FieldError>,
}

#[derive(Deserialize)]
struct FieldError {
    field: String,
    reason: String,
}

/// What an error's envelope says, rule by rule; its text when it is not one of ours.
pub(super) fn message(text: &str) -> String {
    let Ok(envelope) = serde_json::from_str::<Envelope<Errors>>(text) else {
        return text.chars().take(200).collect();
    };
    let errors = envelope.data.unwrap_or_default().errors;
    if errors.is_empty() {
        return envelope.message;
    }
    let rules: Vec<_> =
        errors.iter().map(|error| format!("{} {}", error.field, error.reason)).collect();
    rules.join("; ")
}

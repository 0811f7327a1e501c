//! The consumer's side of the gateway.

use std::fmt;
use std::time::Duration;

use reqwest::header::{HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use serde::{Deserialize, Serialize};
use tidegate::event::EventId;
use tidegate::{Class, Classify};

use super::charges::KEY;
use crate::http::correlation;
use crate::order::{Money, Order, OrderId};
use crate::traces;

/// Asks the gateway for charges. Cheap to clone.
#[derive(Clone)]
pub struct GatewayClient {
    http: reqwest::Client,
    /// May hold a user and a password.
    url: String,
}

impl fmt::Debug for GatewayClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GatewayClient")
    }
}

/// Proof of a performed charge.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Receipt {
    /// Its id in the ledger.
    pub effect_id: String,
    /// It was performed by an earlier attempt.
    pub repeated: bool,
}

/// Why there is no receipt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChargeError {
    /// It will never be charged.
    #[error("the gateway declined: {0}")]
    Declined(String),
    /// Not now; the gateway says when.
    #[error("the gateway is busy, and asks for {0:?}")]
    Busy(Duration),
    /// The gateway answers that it cannot work.
    #[error("the gateway is down: {0}")]
    Down(String),
    /// No answer. It may have charged: the next attempt uses the same key, and will find out.
    #[error("the gateway cannot be reached")]
    Unreachable(#[source] reqwest::Error),
}

impl Classify for ChargeError {
    fn class(&self) -> Class {
        match self {
            Self::Declined(_) => Class::Permanent,
            Self::Busy(after) => Class::Transient.after(*after),
            Self::Down(_) | Self::Unreachable(_) => Class::Outage("gateway"),
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    order_id: &'a OrderId,
    event_id: &'a EventId,
    amount: Money,
    attempt: u32,
}

/// The parts of the envelope that matter here.
#[derive(Deserialize)]
#[serde(bound = "T: serde::de::DeserializeOwned")]
struct Answer<T> {
    #[serde(default)]
    message: String,
    data: Option<T>,
}

impl GatewayClient {
    /// For the gateway at this address (without a slash at the end). No proxy is used.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(url: impl Into<String>) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(2))
            .timeout(Duration::from_secs(10))
            .no_proxy()
            .build()?;
        Ok(Self { http, url: url.into() })
    }

    /// Charges the order's price. The event's id is the key: however often it is asked for one event, at most one
    /// charge is performed. The gateway's log names the correlation id, where it can be a header; else one of its own.
    ///
    /// # Errors
    /// [`ChargeError`], which says what class of failure it is.
    pub async fn charge(
        &self,
        event_id: &EventId,
        correlation_id: &str,
        order: &Order,
        attempt: u32,
    ) -> Result<Receipt, ChargeError> {
        let body = Body { order_id: &order.id, event_id, amount: order.price, attempt };
        let key = HeaderValue::from_str(event_id.as_str()).map_err(|_| {
            // Without its key the charge could be repeated: it must not be asked for.
            ChargeError::Declined("the event's id cannot be an idempotency key".to_owned())
        })?;
        let request = self.http.post(format!("{}/api/v1/charges", self.url));
        let mut request = request.header(KEY, key).json(&body);
        if let Ok(id) = HeaderValue::from_str(correlation_id) {
            request = request.header(correlation::HEADER, id);
        }
        let response = traces::ask(Method::POST, "/api/v1/charges", request).await;
        read(response.map_err(unreachable)?).await
    }

    /// Whether the gateway takes charges now.
    ///
    /// # Errors
    /// [`ChargeError::Down`] or [`ChargeError::Unreachable`].
    pub async fn health(&self) -> Result<(), ChargeError> {
        let asked = self.http.get(format!("{}/ready", self.url)).send().await;
        let response = asked.map_err(unreachable)?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(ChargeError::Down(message(response).await))
    }
}

/// The address may hold a password, and the error goes into logs and dead letters.
fn unreachable(error: reqwest::Error) -> ChargeError {
    ChargeError::Unreachable(error.without_url())
}

async fn read(response: Response) -> Result<Receipt, ChargeError> {
    let status = response.status();
    if status.is_success() {
        let answer: Answer<Receipt> = response.json().await.map_err(unreachable)?;
        return answer.data.ok_or_else(|| ChargeError::Down("it gave no receipt".to_owned()));
    }
    match status {
        StatusCode::TOO_MANY_REQUESTS => Err(ChargeError::Busy(retry_after(&response))),
        StatusCode::REQUEST_TIMEOUT => Err(ChargeError::Down(message(response).await)),
        status if status.is_client_error() => Err(ChargeError::Declined(message(response).await)),
        _ => Err(ChargeError::Down(message(response).await)),
    }
}

/// Whole seconds; one when it does not say.
fn retry_after(response: &Response) -> Duration {
    let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    Duration::from_secs(seconds.and_then(|text| text.parse().ok()).unwrap_or(1))
}

/// What the gateway says, or at least its status.
async fn message(response: Response) -> String {
    let status = response.status();
    match response.json::<Answer<serde_json::Value>>().await {
        Ok(answer) if !answer.message.is_empty() => answer.message,
        _ => status.to_string(),
    }
}

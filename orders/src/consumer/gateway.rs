//! The payment provider, as the consumer calls it.
//!
//! Every attempt at an event offers the same idempotency key, the event's id: whatever is cut off and asked again is
//! charged once (rule 27).

use std::fmt;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use tidegate::broker::BoxFuture;

use crate::http::correlation;
use crate::order::Money;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(2);
/// How long an answer may take; less than the route's time limit, so that silence is an outage and not a failed attempt.
const ANSWER: Duration = Duration::from_secs(10);
/// So much of an answer's text is kept in an error, in characters.
const QUOTED: usize = 200;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Charge {
    /// The order.
    pub order_id: String,
    /// The event: the idempotency key.
    pub event_id: String,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// How much.
    pub amount: Money,
    /// Names everything that belongs to one request; sent as a header.
    #[serde(skip)]
    pub correlation_id: String,
}

/// Why nothing is known to be charged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChargeError {
    /// The provider says no (402, or any other 4xx).
    #[error("the gateway declined with {status}: {message}")]
    Declined {
        /// The answer's status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The provider asks to come again (408, 409 for a key in flight, 425, 429).
    #[error("the gateway is busy")]
    Busy {
        /// Its `Retry-After`.
        after: Option<Duration>,
    },
    /// The provider fails (5xx).
    #[error("the gateway failed with {status}: {message}")]
    Down {
        /// The answer's status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The event's id cannot be sent as a key, so asking twice would not be safe: nothing is asked.
    #[error("the event id {0:?} cannot be an idempotency key: it must be printable ASCII")]
    NoKey(String),
    /// No answer. The charge may have happened; the key makes asking again safe.
    #[error("the gateway cannot be reached: {0}")]
    Unreachable(String),
}

/// Whoever takes the money. The tests script it.
pub trait Payments: Send + Sync + fmt::Debug + 'static {
    /// Charges once per event id, however often it is asked. `Ok`: it is charged.
    fn charge(&self, charge: Charge) -> BoxFuture<'_, Result<(), ChargeError>>;
}

/// The gateway over HTTP. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Gateway {
    http: reqwest::Client,
    charges: String,
}

impl Gateway {
    /// The gateway at this address, without a slash at the end.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(url: &str) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().connect_timeout(CONNECT).timeout(ANSWER).build()?;
        Ok(Self { http, charges: format!("{url}/api/v1/charges") })
    }

    async fn ask(&self, charge: &Charge) -> Result<(), ChargeError> {
        let key = HeaderValue::from_str(&charge.event_id)
            .map_err(|_| ChargeError::NoKey(charge.event_id.clone()))?;
        let mut request = self.http.post(&self.charges).header("Idempotency-Key", key).json(charge);
        // A foreign record's correlation id may be anything.
        if let Ok(id) = HeaderValue::from_str(&charge.correlation_id) {
            request = request.header(correlation::HEADER, id);
        }
        let response = request.send().await.map_err(unreachable)?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_success() {
            return Ok(());
        }
        let body = response.text().await.map_err(unreachable)?;
        Err(refusal(status, &headers, &body))
    }
}

impl Payments for Gateway {
    fn charge(&self, charge: Charge) -> BoxFuture<'_, Result<(), ChargeError>> {
        Box::pin(async move { self.ask(&charge).await })
    }
}

fn unreachable(error: reqwest::Error) -> ChargeError {
    // Without the URL: it may hold a password.
    ChargeError::Unreachable(one_line(&error.without_url()))
}

/// An error and its sources in one line.
fn one_line(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |source| source.source());
    sources.fold(error.to_string(), |line, source| format!("{line}: {source}"))
}

fn refusal(status: StatusCode, headers: &HeaderMap, body: &str) -> ChargeError {
    let (code, message) = (status.as_u16(), message_of(body));
    match code {
        408 | 409 | 425 | 429 => ChargeError::Busy { after: retry_after(headers) },
        500.. => ChargeError::Down { status: code, message },
        _ => ChargeError::Declined { status: code, message },
    }
}

/// `Retry-After` in seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The envelope's `message`, else the first characters of whatever came.
fn message_of(body: &str) -> String {
    let json: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let message = json.as_ref().and_then(|json| json["message"].as_str());
    message.unwrap_or(body).chars().take(QUOTED).collect()
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::response::IntoResponse;
    use axum::routing::post;
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    use super::*;

    fn charge() -> Charge {
        Charge {
            order_id: "o-1".into(),
            event_id: "e-1".into(),
            attempt: 2,
            amount: "0.10".parse().unwrap(),
            correlation_id: "c-1".into(),
        }
    }

    async fn serve(app: Router) -> (Gateway, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
        (Gateway::new(&url).unwrap(), tasks)
    }

    #[tokio::test]
    async fn the_event_id_is_the_idempotency_key() {
        let echo = |headers: HeaderMap, body: String| async move {
            assert_eq!(headers["idempotency-key"], "e-1");
            assert_eq!(headers["x-correlation-id"], "c-1");
            let expected = r#"{"order_id":"o-1","event_id":"e-1","attempt":2,"amount":0.10}"#;
            assert_eq!(body, expected);
            StatusCode::CREATED
        };
        let (gateway, _tasks) = serve(Router::new().route("/api/v1/charges", post(echo))).await;
        gateway.charge(charge()).await.unwrap();
    }

    #[tokio::test]
    async fn an_id_that_is_no_key_is_never_charged() {
        let (gateway, _tasks) = serve(Router::new()).await;
        let charge = Charge { event_id: "a\nb".into(), ..charge() };
        assert_eq!(gateway.charge(charge).await, Err(ChargeError::NoKey("a\nb".into())));
    }

    #[tokio::test]
    async fn answers_are_sorted_into_declined_busy_and_down() {
        let busy = |after| ChargeError::Busy { after };
        let declined = ChargeError::Declined { status: 402, message: "no money".into() };
        let down = ChargeError::Down { status: 503, message: "upstream".into() };
        for (status, retry_after, body, expected) in [
            (402, "", r#"{"message":"no money"}"#, declined),
            (429, "7", "", busy(Some(Duration::from_secs(7)))),
            (409, "", "", busy(None)),
            (503, "1", "upstream", down),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let answer = move || async move {
                (status, [("retry-after", retry_after)], body).into_response()
            };
            let (gateway, _tasks) =
                serve(Router::new().route("/api/v1/charges", post(answer))).await;
            assert_eq!(gateway.charge(charge()).await, Err(expected));
        }
    }

    #[tokio::test]
    async fn nobody_there_is_unreachable() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let error = Gateway::new(&url).unwrap().charge(charge()).await.unwrap_err();
        assert!(matches!(error, ChargeError::Unreachable(_)), "{error}");
        assert!(!error.to_string().contains(&url), "{error}");
    }
}

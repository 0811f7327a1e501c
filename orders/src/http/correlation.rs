//! Correlation ids: taken from the request or made, in the span of every log line, on every response.

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::convert::Infallible;
use std::sync::Arc;
use tracing::Instrument;
use uuid::Uuid;

use super::envelope::{FieldError, Reply};
use super::head;

/// The header, in and out.
pub const HEADER: HeaderName = HeaderName::from_static("x-correlation-id");

/// Names everything that belongs to one request: 1 to 128 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correlation(Arc<str>);

impl Correlation {
    /// The longest id that is taken from a request, in characters.
    pub const MAX: usize = 128;

    /// A new one (UUIDv7).
    #[must_use]
    pub fn generate() -> Self {
        Self(Uuid::now_v7().to_string().into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The request's own when it is legal, else a new one.
    fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(HEADER).and_then(|value| value.to_str().ok());
        match given {
            Some(id) if is_legal(id) => Self(id.into()),
            _ => Self::generate(),
        }
    }
}

fn is_legal(id: &str) -> bool {
    (1..=Correlation::MAX).contains(&id.len()) && id.bytes().all(|b| (b' '..=b'~').contains(&b))
}

impl<S: Sync> FromRequestParts<S> for Correlation {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_else(|| Self::of(&parts.headers)))
    }
}

/// The outermost layer of every service: gives the request its id, and the response its envelope.
///
/// What is not a [`Reply`] and failed (axum's own 404 and 405, a layer's 413) gets an envelope too.
pub async fn layer(mut request: Request, next: Next) -> Response {
    let correlation = Correlation::of(request.headers());
    request.extensions_mut().insert(correlation.clone());
    let span = span(&correlation);
    let path: String = request.uri().path().chars().take(MOST_OF_PATH).collect();
    let asked = format!("{} {path}", request.method());
    let response = match head::refusal(&request) {
        Some(refusal) => refusal.into_response(),
        None => next.run(request).instrument(span).await,
    };
    let mut response = with_envelope(response, &correlation, &asked);
    if let Ok(id) = HeaderValue::from_str(correlation.as_str()) {
        response.headers_mut().insert(HEADER, id);
    }
    response
}

/// Around a request: its lines say whose they are. Of the highest level, so that a filter that keeps warnings only keeps it.
pub(crate) fn span(correlation: &Correlation) -> tracing::Span {
    tracing::error_span!("request", correlation_id = correlation.as_str())
}

fn with_envelope(mut response: Response, correlation: &Correlation, asked: &str) -> Response {
    if let Some(reply) = response.extensions_mut().remove::<Reply>() {
        return reply.render(correlation.as_str());
    }
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return response;
    }
    let (field, message) = explain(response.status(), asked);
    let error = FieldError::new(field, message.as_str());
    let reply = Reply::new(response.status(), message).errors(&[error]);
    let mut enveloped = reply.render(correlation.as_str());
    if let Some(allow) = response.headers_mut().remove(header::ALLOW) {
        enveloped.headers_mut().insert(header::ALLOW, allow);
    }
    enveloped
}

/// Characters of a path that an error repeats.
const MOST_OF_PATH: usize = 200;

/// What is wrong with the request, and one sentence, for the statuses that routing and layers make by themselves.
fn explain(status: StatusCode, asked: &str) -> (&'static str, String) {
    match status {
        StatusCode::NOT_FOUND => ("path", format!("there is no route for {asked}")),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("method", format!("{asked} is not allowed: the header Allow lists what is"))
        }
        StatusCode::BAD_REQUEST => ("path", format!("{asked} is not UTF-8 when it is decoded")),
        other => {
            ("request", other.canonical_reason().unwrap_or("the request failed").to_lowercase())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::routing::get;
    use serde_json::{Value, json};
    use tower::ServiceExt;

    fn app() -> Router {
        Router::new()
            .route("/named/{name}", get(|_: axum::extract::Path<String>| async {}))
            .route("/ok", get(|| async { Reply::ok("fine", &json!({"n": 1})) }))
            .layer(axum::middleware::from_fn(layer))
    }

    async fn answer(path: &str, id: Option<&str>) -> (StatusCode, HeaderMap, Value) {
        let mut request = Request::get(path);
        if let Some(id) = id {
            request = request.header(HEADER, id);
        }
        let response = app().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = serde_json::from_slice(&to_bytes(body, 1 << 20).await.unwrap()).unwrap();
        (parts.status, parts.headers, body)
    }

    #[tokio::test]
    async fn a_legal_id_is_kept_in_header_and_envelope() {
        let (status, headers, body) = answer("/ok", Some("abc 1")).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers[&HEADER], "abc 1");
        let expected = json!({"success": true, "message": "fine", "data": {"n": 1}, "correlation_id": "abc 1"});
        assert_eq!(body, expected);
    }

    #[tokio::test]
    async fn an_id_that_is_missing_empty_too_long_or_not_printable_is_replaced() {
        let long = "x".repeat(129);
        for id in [None, Some(""), Some(long.as_str()), Some("a\tb")] {
            let (_, headers, body) = answer("/ok", id).await;
            let made = headers[&HEADER].to_str().unwrap();
            assert!(Uuid::parse_str(made).is_ok(), "{id:?} gave {made}");
            assert_eq!(body["correlation_id"], made);
        }
        let longest = "x".repeat(128);
        assert_eq!(answer("/ok", Some(&longest)).await.1[&HEADER], longest.as_str());
    }

    #[tokio::test]
    async fn routings_own_answers_carry_the_envelope() {
        let (status, _, body) = answer("/nowhere", Some("c")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(body["success"], false);
        assert_eq!(body["message"], "there is no route for GET /nowhere");
        assert_eq!(body["correlation_id"], "c");
        assert_eq!(body["data"]["errors"][0]["field"], "path");
    }

    #[tokio::test]
    async fn every_error_of_routing_names_a_field() {
        for (method, path, status, field) in [
            ("GET", "/nowhere", 404, "path"),
            ("PUT", "/ok", 405, "method"),
            ("GET", "/named/%ff", 400, "path"),
        ] {
            let app = app();
            let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            crate::http::testing::call(&app, request).await.refused(status, field);
        }
    }
}

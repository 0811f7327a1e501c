//! The one shape of every answer: `{"success", "message", "data", "correlation_id"}`.
//!
//! ```text
//!  handler ──▶ Reply (status, message, data) ──▶ correlation layer ──▶ bytes with the request's id
//! ```
//!
//! A handler does not know the correlation id; the layer around all routes does, and renders the envelope.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// What a handler answers with: also as an error, so it is one pointer wide.
#[derive(Debug, Clone)]
pub struct Reply(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    status: StatusCode,
    message: String,
    data: Option<Box<RawValue>>,
    headers: HeaderMap,
}

/// One broken rule, in `data.errors[]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Which field.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

impl FieldError {
    /// Names the field, and what is wrong with it.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

#[derive(Serialize)]
struct Errors<'a> {
    errors: &'a [FieldError],
}

#[derive(Serialize)]
struct Envelope<'a> {
    success: bool,
    message: &'a str,
    data: Option<&'a RawValue>,
    correlation_id: &'a str,
}

impl Reply {
    /// A reply without data. It is a success when its status is.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Parts { status, message, data: None, headers: HeaderMap::new() }))
    }

    /// 200 with data.
    pub fn ok(message: impl Into<String>, data: &impl Serialize) -> Self {
        Self::new(StatusCode::OK, message).data(data)
    }

    /// An error that is about one field (or header, or parameter).
    pub fn invalid(status: StatusCode, field: &str, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::new(status, format!("{field} {reason}")).errors(&[FieldError::new(field, reason)])
    }

    /// 503: a dependency cannot be used now; asks to come again after one second.
    pub fn unavailable(what: &str, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        // With a colon: most reasons are whole sentences, which name what cannot be used themselves.
        Self::new(StatusCode::SERVICE_UNAVAILABLE, format!("{what}: {reason}"))
            .errors(&[FieldError::new(what, reason)])
            .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// Sets `data`.
    #[must_use]
    pub fn data(mut self, data: &impl Serialize) -> Self {
        match to_raw_value(data) {
            Ok(data) => self.0.data = Some(data),
            Err(error) => {
                tracing::error!(%error, "an answer could not be written as JSON");
                self.0.status = StatusCode::INTERNAL_SERVER_ERROR;
                self.0.message = "the answer could not be written".to_owned();
            }
        }
        self
    }

    /// Sets `data.errors`.
    #[must_use]
    pub fn errors(self, errors: &[FieldError]) -> Self {
        self.data(&Errors { errors })
    }

    /// Sets a response header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The body, once the request's correlation id is known.
    pub(super) fn render(&self, correlation_id: &str) -> Response {
        let Parts { status, message, data, headers } = self.0.as_ref();
        let envelope = Envelope {
            success: status.is_success(),
            message,
            data: data.as_deref(),
            correlation_id,
        };
        let body = serde_json::to_vec(&envelope).expect("text, booleans and finished JSON");
        let json = HeaderValue::from_static("application/json");
        let mut response = (*status, headers.clone(), body).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }
}

impl IntoResponse for Reply {
    /// Leaves the body to the correlation layer, which finds the reply in the response's extensions.
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

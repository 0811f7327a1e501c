//! Request headers that change what a POST means.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};

use super::Producer;
use crate::http::Reply;

/// What `X-Simulate` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Simulate {
    /// Nothing.
    #[default]
    Nothing,
    /// The same record twice.
    Duplicate,
    /// Held back a moment before it is published. The answer waits too: it comes after the acknowledgement.
    Late,
}

const SIMULATE: &str = "X-Simulate";
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

impl FromRequestParts<Arc<Producer>> for Simulate {
    type Rejection = Reply;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<Producer>) -> Result<Self, Reply> {
        promises_nothing(&parts.headers)?;
        let Some(value) = parts.headers.get(SIMULATE) else { return Ok(Self::Nothing) };
        if !app.simulation {
            return Err(refused(SIMULATE, "is taken only with ALLOW_SIMULATION=true"));
        }
        match value.as_bytes() {
            b"duplicate" => Ok(Self::Duplicate),
            b"late" => Ok(Self::Late),
            _ => Err(refused(SIMULATE, "must be duplicate or late")),
        }
    }
}

/// A client that sends a key relies on it: to ignore the header would be to promise what is not kept.
fn promises_nothing(headers: &HeaderMap) -> Result<(), Reply> {
    if headers.contains_key(IDEMPOTENCY_KEY) {
        return Err(refused(
            IDEMPOTENCY_KEY,
            "is not supported: this producer does not recognise repeated requests; leave the header out",
        ));
    }
    Ok(())
}

fn refused(header: &str, reason: &str) -> Reply {
    Reply::invalid(StatusCode::BAD_REQUEST, header, reason)
}

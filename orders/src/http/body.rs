//! Reading a request's body: bounded in size and in time, and answered even when the client is not done sending.

use std::time::Duration;

use axum::body::BodyDataStream;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt;

use super::Reply;

/// Largest body in bytes; set on every request by [`service`](super::service).
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit(pub u64);

impl Default for BodyLimit {
    /// 1 MiB.
    fn default() -> Self {
        Self(1 << 20)
    }
}

/// How long a body may take to arrive.
const TIME: Duration = Duration::from_secs(20);

/// A client that is still sending does not read the answer, and a closed connection would take it away: so much
/// more than the limit is read and thrown away first. In bytes.
const DISCARD: u64 = 64 << 20;

/// The whole body.
///
/// # Errors
/// 413 over the limit (told by `Content-Length`, or found out while reading), 408 when it does not arrive in 20 s,
/// 400 when the connection breaks.
pub async fn read(request: Request) -> Result<Vec<u8>, Reply> {
    let limit = request.extensions().get::<BodyLimit>().copied().unwrap_or_default().0;
    let announced = announced(request.headers());
    if announced.is_some_and(|size| size > limit) && waits_for_permission(request.headers()) {
        return Err(too_large(limit));
    }
    let stream = request.into_body().into_data_stream();
    match tokio::time::timeout(TIME, collect(stream, limit)).await {
        Ok(result) => result,
        Err(_) => Err(Reply::invalid(
            StatusCode::REQUEST_TIMEOUT,
            "body",
            format!("did not arrive within {} seconds", TIME.as_secs()),
        )),
    }
}

async fn collect(mut stream: BodyDataStream, limit: u64) -> Result<Vec<u8>, Reply> {
    let mut body = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| {
            Reply::invalid(StatusCode::BAD_REQUEST, "body", "was cut off by the connection")
        })?;
        if (body.len() + chunk.len()) as u64 > limit {
            drop(body);
            discard(stream).await;
            return Err(too_large(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

async fn discard(mut stream: BodyDataStream) {
    let mut size = 0;
    while let Some(Ok(chunk)) = stream.next().await {
        size += chunk.len() as u64;
        if size > DISCARD {
            return;
        }
    }
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// `Expect: 100-continue`: the client has sent nothing yet.
fn waits_for_permission(headers: &HeaderMap) -> bool {
    headers.contains_key(header::EXPECT)
}

fn too_large(limit: u64) -> Reply {
    let reason = format!("is larger than {limit} bytes (HTTP_BODY_LIMIT)");
    Reply::invalid(StatusCode::PAYLOAD_TOO_LARGE, "body", reason)
}

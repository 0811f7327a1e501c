//! How large the head of a request may be: its line and its headers.
//!
//! What is far larger than this never becomes a request: the HTTP library answers 431 by itself, without an envelope.

use axum::http::{Request, StatusCode};

use super::Reply;

/// Largest head, in bytes.
pub(super) const LIMIT: usize = 32 << 10;
/// Most headers.
const FIELDS: usize = 100;

/// The buffer that a head is read into, in bytes: larger, so that what is somewhat too large gets an envelope.
pub(super) const BUFFER: usize = 4 * LIMIT;
/// Headers that are read, for the same reason.
pub(super) const FIELDS_READ: usize = 4 * FIELDS;

/// 431 for a head that is too large.
pub(super) fn refusal<B>(request: &Request<B>) -> Option<Reply> {
    let headers = request.headers();
    let broken = if headers.len() > FIELDS {
        format!("are more than {FIELDS}")
    } else if size(request) > LIMIT {
        format!("are larger than {LIMIT} bytes, with the request's line")
    } else {
        return None;
    };
    Some(Reply::invalid(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers", broken))
}

/// What stood on the wire: `: ` and the line's end belong to each header.
fn size<B>(request: &Request<B>) -> usize {
    let uri = request.uri();
    let path = uri.path().len() + uri.query().map_or(0, |query| query.len() + 1);
    let headers =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    request.method().as_str().len() + path + headers.sum::<usize>()
}

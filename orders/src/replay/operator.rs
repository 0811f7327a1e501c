//! Who is asking.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

/// The header that names the operator.
const HEADER: &str = "x-operator";
/// The longest name that is taken, in characters.
const LONGEST: usize = 128;

/// Who did it, for the audit: the header `X-Operator` when it is 1 to 128 printable characters, else the address that
/// the request came from, else `unknown`. A claim, not a proof: the routes are not authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operator(pub(super) String);

impl<S: Sync> FromRequestParts<S> for Operator {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let named = parts.headers.get(HEADER).and_then(|value| value.to_str().ok());
        let printable = |name: &&str| name.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let legal = named.filter(|name| (1..=LONGEST).contains(&name.len())).filter(printable);
        let address =
            || Some(parts.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip().to_string());
        Ok(Self(legal.map(str::to_owned).or_else(address).unwrap_or_else(|| "unknown".to_owned())))
    }
}

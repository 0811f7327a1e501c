//! Who is asking.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

/// The header that names the operator.
const HEADER: &str = "x-operator";
/// The longest name that is taken, in characters.
const LONGEST: usize = 128;

/// Who did it: the header `X-Operator` when it is 1 to 128 printable characters, and the address that the request came from.
/// The name is a claim, not a proof: the routes are not authenticated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Operator {
    /// As the header says.
    pub name: Option<String>,
    /// Where the request came from.
    pub peer: Option<IpAddr>,
}

impl Operator {
    /// The name, else the address, else `unknown`.
    #[must_use]
    pub fn who(&self) -> String {
        let peer = || self.peer.map(|peer| peer.to_string());
        self.name.clone().or_else(peer).unwrap_or_else(|| "unknown".to_owned())
    }
}

impl<S: Sync> FromRequestParts<S> for Operator {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let named = parts.headers.get(HEADER).and_then(|value| value.to_str().ok());
        let printable = |name: &&str| name.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let legal = named.filter(|name| (1..=LONGEST).contains(&name.len())).filter(printable);
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|from| from.0.ip());
        Ok(Self { name: legal.map(str::to_owned), peer })
    }
}

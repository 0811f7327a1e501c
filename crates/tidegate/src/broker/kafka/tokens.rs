//! Tokens for SASL OAUTHBEARER.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A token, as the identity provider gave it.
#[derive(Clone)]
pub struct OAuthToken {
    /// The token itself. Not shown by `Debug`.
    pub token: String,
    /// Whom it stands for.
    pub principal: String,
    /// How long it is good for from now on; a new one is asked for when four fifths of it have passed.
    pub lifetime: Duration,
}

impl fmt::Debug for OAuthToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("OAuthToken");
        shown.field("principal", &self.principal).field("lifetime", &self.lifetime);
        shown.finish_non_exhaustive()
    }
}

type Source = dyn Fn() -> Result<OAuthToken, String> + Send + Sync;

/// Where tokens come from.
#[derive(Clone)]
pub(super) struct Tokens(Arc<Source>);

impl Tokens {
    pub(super) fn new(
        source: impl Fn() -> Result<OAuthToken, String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(source))
    }

    /// A token in the client's form.
    pub(super) fn next(&self) -> Result<rdkafka::client::OAuthToken, String> {
        let OAuthToken { token, principal, lifetime } = (self.0)()?;
        let expires = SystemTime::now() + lifetime;
        let since = expires.duration_since(SystemTime::UNIX_EPOCH).map_err(|e| e.to_string())?;
        let lifetime_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        Ok(rdkafka::client::OAuthToken { token, principal_name: principal, lifetime_ms })
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_shows_whose_it_is_and_not_itself() {
        let lifetime = Duration::from_secs(60);
        let token = OAuthToken { token: "hunter2".into(), principal: "ada".into(), lifetime };
        let shown = format!("{token:?}");
        let shown = format!("{shown} {:?}", Tokens::new(move || Ok(token.clone())));
        assert!(shown.contains("ada") && shown.contains("60s"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

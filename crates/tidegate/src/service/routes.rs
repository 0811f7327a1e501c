//! A router, checked and frozen: what a service can be started with, more than once.

use std::sync::Arc;

use crate::findings::Finding;
use crate::message::TopicName;
use crate::router::Router;
use crate::router::endpoint::Endpoint;

/// What a router has, and what is wrong with it.
#[derive(Clone)]
pub(crate) struct Routes {
    pub(super) findings: Vec<Finding>,
    pub(crate) topics: Vec<TopicName>,
    /// Handlers that may see a record twice.
    pub(super) without_store: Vec<String>,
    /// Handlers that hold the keys of dead letters.
    pub(super) holding: Vec<String>,
    /// `None` while there are findings: such routes cannot run.
    pub(super) endpoint: Option<Arc<dyn Endpoint>>,
}

impl Routes {
    pub(crate) fn of(router: Router) -> Self {
        let findings = router.findings();
        Self {
            topics: router.topics(),
            without_store: router.without_store(),
            holding: router.holding(),
            endpoint: findings.is_empty().then(|| router.into_endpoint()),
            findings,
        }
    }
}

#[cfg(feature = "testing")]
impl Routes {
    /// What can run, or what is wrong.
    pub(crate) fn endpoint(&self) -> Result<&Arc<dyn Endpoint>, &[Finding]> {
        self.endpoint.as_ref().ok_or(&self.findings)
    }

    /// Puts something round the routes that sees every attempt.
    pub(crate) fn wrap(
        mut self,
        wrap: impl FnOnce(Arc<dyn Endpoint>) -> Arc<dyn Endpoint>,
    ) -> Self {
        self.endpoint = self.endpoint.map(wrap);
        self
    }
}

impl std::fmt::Debug for Routes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Routes").field("topics", &self.topics).finish_non_exhaustive()
    }
}

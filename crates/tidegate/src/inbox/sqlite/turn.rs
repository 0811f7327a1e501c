//! Whose turn it is to write.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a writer waits for its turn before that counts as an outage.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A fair queue of one.
#[derive(Debug, Clone)]
pub(super) struct Turn(Arc<Semaphore>);

impl Turn {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }

    /// Waits for the turn; it ends when the permit is dropped.
    pub(super) async fn wait(&self) -> Result<OwnedSemaphorePermit, sqlx::Error> {
        let permit = tokio::time::timeout(PATIENCE, self.0.clone().acquire_owned());
        let permit = permit.await.map_err(|_| sqlx::Error::PoolTimedOut)?;
        permit.map_err(|_| sqlx::Error::PoolClosed)
    }
}

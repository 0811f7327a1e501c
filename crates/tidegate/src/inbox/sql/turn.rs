//! Whose turn it is to write.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a writer waits for its turn before that counts as an outage.
pub(in crate::inbox) const PATIENCE: Duration = Duration::from_secs(30);

/// A fair queue in front of connections.
#[derive(Debug, Clone)]
pub(in crate::inbox) struct Turn(Arc<Semaphore>);

impl Turn {
    /// For so many at once.
    pub(in crate::inbox) fn of(connections: u32) -> Self {
        Self(Arc::new(Semaphore::new(connections as usize)))
    }

    /// Waits for the turn; it ends when the permit is dropped.
    pub(super) async fn wait(&self) -> Result<OwnedSemaphorePermit, sqlx::Error> {
        let permit = tokio::time::timeout(PATIENCE, self.0.clone().acquire_owned());
        let permit = permit.await.map_err(|_| sqlx::Error::PoolTimedOut)?;
        permit.map_err(|_| sqlx::Error::PoolClosed)
    }
}

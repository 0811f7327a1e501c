//! The consumer's markers, as the replay service sees them.

use std::path::PathBuf;

use tidegate::broker::BoxFuture;
use tidegate::event::EventId;
use tidegate::inbox::sqlite::SqliteInbox;
use tidegate::inbox::{Marker, StoreError};
use tidegate::replay::Markers;
use tokio::sync::OnceCell;

/// The markers in the read model's file, which is opened once it exists: before the consumer has run there are none.
#[derive(Debug)]
pub struct LazyMarkers {
    path: PathBuf,
    store: OnceCell<SqliteInbox>,
}

impl LazyMarkers {
    /// In this file.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, store: OnceCell::new() }
    }

    async fn look_up(
        &self,
        group: &str,
        handler: &str,
        event: &EventId,
    ) -> Result<Option<Marker>, StoreError> {
        if !self.store.initialized() && !self.path.exists() {
            return Ok(None);
        }
        let store = self.store.get_or_try_init(|| SqliteInbox::open(&self.path)).await?;
        store.marker(group, handler, event).await
    }
}

impl Markers for LazyMarkers {
    fn marker<'a>(
        &'a self,
        group: &'a str,
        handler: &'a str,
        event: &'a EventId,
    ) -> BoxFuture<'a, Result<Option<Marker>, StoreError>> {
        Box::pin(self.look_up(group, handler, event))
    }
}

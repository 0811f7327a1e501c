//! The consumer's markers, as the replay service sees them.

use std::sync::Arc;

use tidegate::broker::BoxFuture;
use tidegate::event::EventId;
use tidegate::inbox::postgres::PostgresInbox;
use tidegate::inbox::sqlite::SqliteInbox;
use tidegate::inbox::{Marker, StoreError};
use tidegate::replay::Markers;
use tokio::sync::OnceCell;

use crate::model::{ModelError, Reader, SCHEMA, Store};

/// The markers beside the read model, which is opened once it exists: before the consumer has run there are none.
#[derive(Debug)]
pub struct LazyMarkers {
    store: Store,
    reader: Reader,
    opened: OnceCell<Arc<dyn Markers>>,
}

impl LazyMarkers {
    /// There.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { reader: Reader::new(&store), store, opened: OnceCell::new() }
    }

    async fn look_up(
        &self,
        group: &str,
        handler: &str,
        event: &EventId,
    ) -> Result<Option<Marker>, StoreError> {
        if !self.opened.initialized() && self.is_missing().await {
            return Ok(None);
        }
        let markers = self.opened.get_or_try_init(|| open(&self.store)).await?;
        markers.marker(group, handler, event).await
    }

    async fn is_missing(&self) -> bool {
        matches!(self.reader.health().await, Err(ModelError::Missing(_)))
    }
}

async fn open(store: &Store) -> Result<Arc<dyn Markers>, StoreError> {
    Ok(match store {
        Store::Sqlite(path) => Arc::new(SqliteInbox::open(path).await?),
        Store::Postgres(url) => Arc::new(PostgresInbox::open_in(url.expose(), SCHEMA).await?),
    })
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

//! The store: its connections, and what the runtime asks of it.

use std::fmt;
use std::sync::Arc;

use sqlx::Pool;

use crate::broker::BoxFuture;
use crate::event::EventId;
use crate::inbox::sql::{
    SqlDatabase, SqlSession, Statement, Writer, error, marker, outbox, owner, schema,
};
use crate::inbox::{Claim, Claimed, InboxStore, Marker, OutboxRow, StoreError};
use crate::message::TopicPartition;
use crate::replay::Markers;

/// The `database` store. Cheap to clone; clones share their connections.
pub struct SqlInbox<D: SqlDatabase> {
    parts: Arc<Parts<D>>,
}

/// What a store is made of.
pub(in crate::inbox) struct Parts<D: SqlDatabase> {
    /// For messages: where the database is, without secrets.
    pub(in crate::inbox) label: String,
    /// Where the tables are, where there are schemas and one was named.
    pub(in crate::inbox) schema: Option<String>,
    /// Look-ups: never wait for writers.
    pub(in crate::inbox) readers: Pool<D>,
    /// For effects.
    pub(in crate::inbox) writer: Writer<D>,
    /// Does not wait for the disk: for what may be done again.
    pub(in crate::inbox) striker: Writer<D>,
}

impl<D: SqlDatabase> SqlInbox<D> {
    pub(in crate::inbox) fn of(parts: Parts<D>) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// What a marker says, for operators and replay. `None`: this event was never finished by that handler.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it cannot be looked at now.
    pub async fn marker(
        &self,
        group: &str,
        handler: &str,
        event_id: &EventId,
    ) -> Result<Option<Marker>, StoreError> {
        let mut connection = self.parts.readers.acquire().await.map_err(error::store)?;
        marker::find::<D>(&mut connection, group, handler, event_id).await
    }

    /// The pool of look-ups, for the user's own reads outside of handlers.
    #[must_use]
    pub fn reader(&self) -> &Pool<D> {
        &self.parts.readers
    }

    /// The pool that writes, for migrations of the user's tables.
    #[must_use]
    pub fn writer(&self) -> &Pool<D> {
        &self.parts.writer.pool
    }

    pub(super) fn schema(&self) -> Option<&str> {
        self.parts.schema.as_deref()
    }

    pub(super) fn session(&self, claim: Claim, letter: Option<String>) -> Box<SqlSession<D>> {
        Box::new(SqlSession::new(self.parts.writer.clone(), claim, letter))
    }

    async fn look_up(&self, claim: Claim) -> Result<Claimed, StoreError> {
        let mut connection = self.parts.readers.acquire().await.map_err(error::store)?;
        let (group, handler, id) = (&claim.group, &claim.handler, &claim.event_id);
        let marker = marker::find::<D>(&mut connection, group, handler, id).await?;
        let owes = match marker {
            Some(_) => outbox::owes::<D>(&mut connection, &claim).await?,
            None => false,
        };
        Ok(match marker {
            None => Claimed::Fresh(self.session(claim, None)),
            Some(Marker::Done) => Claimed::Done { owes },
            Some(Marker::Dead { letter }) => {
                let session = self.session(claim, Some(letter.clone()));
                Claimed::Dead { letter, session, owes }
            }
        })
    }

    async fn raise(&self, group: &str, at: &TopicPartition) -> Result<i64, StoreError> {
        let mut alone = self.parts.writer.alone().await.map_err(error::store)?;
        owner::raise::<D>(&mut alone.connection, group, at).await
    }

    async fn read_owed(&self, claim: &Claim) -> Result<Vec<OutboxRow>, StoreError> {
        let mut connection = self.parts.readers.acquire().await.map_err(error::store)?;
        outbox::owed::<D>(&mut connection, claim).await
    }

    async fn strike_out(&self, claim: &Claim, ordinals: &[u32]) -> Result<(), StoreError> {
        let mut alone = self.parts.striker.alone().await.map_err(error::store)?;
        outbox::strike::<D>(&mut alone.connection, claim, ordinals).await
    }

    async fn look(&self) -> Result<(), StoreError> {
        let mut connection = self.parts.readers.acquire().await.map_err(error::store)?;
        Statement::<D>::new("select version from tidegate_schema")
            .rows(&mut connection)
            .await
            .map(drop)
    }
}

impl<D: SqlDatabase> Clone for SqlInbox<D> {
    fn clone(&self) -> Self {
        Self { parts: Arc::clone(&self.parts) }
    }
}

impl<D: SqlDatabase> fmt::Debug for SqlInbox<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlInbox").field("name", &self.name()).finish_non_exhaustive()
    }
}

impl<D: SqlDatabase> InboxStore for SqlInbox<D> {
    fn name(&self) -> String {
        format!("{}:{}", D::SCHEME, self.parts.label)
    }

    fn prepare(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(schema::prepare(self))
    }

    fn own<'a>(
        &'a self,
        group: &'a str,
        partition: &'a TopicPartition,
    ) -> BoxFuture<'a, Result<i64, StoreError>> {
        Box::pin(self.raise(group, partition))
    }

    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Claimed, StoreError>> {
        Box::pin(self.look_up(claim))
    }

    fn owed<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Vec<OutboxRow>, StoreError>> {
        Box::pin(self.read_owed(claim))
    }

    fn strike<'a>(
        &'a self,
        claim: &'a Claim,
        ordinals: &'a [u32],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.strike_out(claim, ordinals))
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.look())
    }
}

impl<D: SqlDatabase> Markers for SqlInbox<D> {
    fn marker<'a>(
        &'a self,
        group: &'a str,
        handler: &'a str,
        event: &'a EventId,
    ) -> BoxFuture<'a, Result<Option<Marker>, StoreError>> {
        Box::pin(self.marker(group, handler, event))
    }
}

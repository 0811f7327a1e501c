//! One attempt's transaction, until the runtime commits it or drops it.

use std::any::Any;

use futures_util::future::BoxFuture;

use crate::inbox::sql::{SqlDatabase, SqlTx, Writer, error, marker, outbox, owner};
use crate::inbox::{Claim, InboxSession, Marker, OutboxRow, StoreError};

/// The session of one claim: what the runtime commits, or drops to roll back.
#[derive(Debug)]
pub struct SqlSession<D: SqlDatabase> {
    pub(in crate::inbox) tx: SqlTx<D>,
    claim: Claim,
    /// The letter that the marker named when the claim was made.
    letter: Option<String>,
}

impl<D: SqlDatabase> SqlSession<D> {
    pub(super) fn new(writer: Writer<D>, claim: Claim, letter: Option<String>) -> Self {
        Self { tx: SqlTx::new(writer), claim, letter }
    }

    async fn seal(mut self, marker: Marker, rows: Vec<OutboxRow>) -> Result<(), StoreError> {
        if let Some(open) = &mut self.tx.open {
            D::check_open(&mut open.tx).await?;
        }
        let claim = &self.claim;
        let tx = self.tx.connection().await.map_err(error::store)?;
        owner::check::<D>(tx, claim).await?;
        marker::write::<D>(tx, claim, self.letter.as_deref(), &marker).await?;
        outbox::add::<D>(tx, claim, &rows).await?;
        let open = self.tx.open.take().expect("`connection` opened it");
        open.tx.commit().await.map_err(error::store)
    }
}

impl<D: SqlDatabase> InboxSession for SqlSession<D> {
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }

    fn commit(
        self: Box<Self>,
        marker: Marker,
        outbox: Vec<OutboxRow>,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(self.seal(marker, outbox))
    }
}

//! Markers, effects and outbox rows in one SQLite file.
//!
//! ```text
//!   readers (pool) ── marker? owed rows? ──────────────▶ ┌──────────────────┐
//!                                                        │ tidegate_marker  │
//!   writer (one connection) ── BEGIN IMMEDIATE           │ tidegate_outbox  │
//!        handler's statements · owner check ·            │ tidegate_owner   │
//!        marker · outbox rows ── COMMIT ───────────────▶ │ the user's tables│
//!                                                        └──────────────────┘
//! ```
//!
//! SQLite has one writer. Here it is one connection with a fair queue in front, so that handlers wait for
//! each other and not for SQLite's busy timer. A transaction begins with the handler's first
//! statement: no lock is held while a handler waits for something else. Outbox rows are struck on a second connection, in the same queue,
//! that does not wait for the disk: a strike that is lost with the power means that the same event is published once more, with the same id.
//!
//! Guarantee: effect, marker and emitted events are all there or none, after a kill at any moment and after power
//! loss (`synchronous=FULL`). Tests: `effect_marker_and_outbox_commit_together`,
//! `a_fenced_owner_writes_nothing`, `a_second_done_is_a_duplicate`.

mod error;
mod open;
mod outbox;
mod schema;
mod session;
#[cfg(test)]
mod tests;
mod turn;

use sqlx::{Row, SqlitePool};

pub use session::{SqliteSession, SqliteTx};

use crate::broker::BoxFuture;
use crate::event::EventId;
use crate::inbox::sqlite::turn::Turn;
use crate::inbox::{Claim, Claimed, InboxStore, Marker, OutboxRow, StoreError};
use crate::message::TopicPartition;

/// The `database` store on SQLite. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct SqliteInbox {
    /// For messages: the file, or `memory`.
    label: String,
    /// Look-ups: never wait for the writer (WAL).
    readers: SqlitePool,
    /// Exactly one connection.
    writer: SqlitePool,
    /// One connection that does not wait for the disk: for what may be done again.
    striker: SqlitePool,
    /// Whose turn it is to write: in order, and never in SQLite's busy timer.
    turn: Turn,
}

impl SqliteInbox {
    /// What a marker says, for operators and replay. `None`: this event was never finished by that handler.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the file cannot be read now.
    pub async fn marker(
        &self,
        group: &str,
        handler: &str,
        event_id: &EventId,
    ) -> Result<Option<Marker>, StoreError> {
        let row = sqlx::query(
            "select state, letter from tidegate_marker where grp = ? and handler = ? and event_id = ?",
        )
        .bind(group)
        .bind(handler)
        .bind(event_id.as_str())
        .fetch_optional(&self.readers)
        .await
        .map_err(error::store)?;
        Ok(row.map(|row| match row.get::<&str, _>("state") {
            "done" => Marker::Done,
            _ => {
                Marker::Dead { letter: row.get::<Option<String>, _>("letter").unwrap_or_default() }
            }
        }))
    }

    /// The pool of look-ups, for the user's own reads outside of handlers.
    #[must_use]
    pub fn reader(&self) -> &SqlitePool {
        &self.readers
    }

    /// The pool with the one writing connection, for migrations of the user's tables.
    #[must_use]
    pub fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    async fn look_up(&self, claim: Claim) -> Result<Claimed, StoreError> {
        let marker = self.marker(&claim.group, &claim.handler, &claim.event_id).await?;
        let owes = match marker {
            Some(_) => outbox::owes(&self.readers, &claim).await?,
            None => false,
        };
        let session = |letter| Box::new(SqliteSession::new(self, claim, letter));
        Ok(match marker {
            None => Claimed::Fresh(session(None)),
            Some(Marker::Done) => Claimed::Done { owes },
            Some(Marker::Dead { letter }) => {
                let session = session(Some(letter.clone()));
                Claimed::Dead { letter, session, owes }
            }
        })
    }

    async fn raise(&self, group: &str, at: &TopicPartition) -> Result<i64, StoreError> {
        let _turn = self.turn.wait().await.map_err(error::store)?;
        sqlx::query_scalar(
            "insert into tidegate_owner (grp, topic, partition, epoch) values (?, ?, ?, 1)
             on conflict do update set epoch = epoch + 1 returning epoch",
        )
        .bind(group)
        .bind(at.topic.as_str())
        .bind(at.partition.0)
        .fetch_one(&self.writer)
        .await
        .map_err(error::store)
    }
}

impl InboxStore for SqliteInbox {
    fn name(&self) -> String {
        format!("sqlite:{}", self.label)
    }

    fn prepare(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(schema::prepare(&self.writer))
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
        Box::pin(outbox::owed(&self.readers, claim))
    }

    fn strike<'a>(
        &'a self,
        claim: &'a Claim,
        ordinals: &'a [u32],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            let _turn = self.turn.wait().await.map_err(error::store)?;
            outbox::strike(&self.striker, claim, ordinals).await
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async {
            sqlx::query("select 1 from tidegate_schema")
                .fetch_one(&self.readers)
                .await
                .map(drop)
                .map_err(error::store)
        })
    }
}

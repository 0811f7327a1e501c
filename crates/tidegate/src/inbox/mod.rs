//! Markers, effects and outbox in one transaction: the `database` store.
//!
//! ```text
//!  claim: look the marker up ──▶ Fresh(session) ─ handler uses it ─▶ commit: effect + Done + outbox rows + owner check
//!                           └──▶ Done{owes} ────── duplicate: publish what is owed, strike it
//!                           └──▶ Dead{letter} ──── skip, or run when this letter is being replayed
//! ```
//!
//! Rules 4, 10, 24-28, 31. The traits here are what the runtime needs of a store; they know no SQL.

mod extract;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use std::any::Any;
use std::fmt;

pub use extract::{Inbox, InboxDatabase, InboxRejection};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use sql::{SqlDatabase, SqlInbox, SqlSession, SqlTx, Statement, Value};

use crate::broker::BoxFuture;
use crate::event::EventId;
use crate::message::{NewRecord, TopicPartition};

/// Identifies one piece of work in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The consumer group.
    pub group: String,
    /// The handler's name. Its dead-letter handler has no marker of its own: `Dead` is a state of this one.
    pub handler: String,
    /// The event.
    pub event_id: EventId,
    /// Where the record was read: whose owner row is checked.
    pub partition: TopicPartition,
    /// The owner epoch that [`InboxStore::own`] gave for that partition.
    pub owner_epoch: i64,
}

/// What the marker says.
#[derive(Debug)]
pub enum Claimed {
    /// Nothing yet: run the handler with this session.
    Fresh(Box<dyn InboxSession>),
    /// Done before. `owes`: outbox rows are still to be published.
    Done {
        /// Whether outbox rows are left.
        owes: bool,
    },
    /// Dead-lettered before as this letter (`topic/partition/offset`). The session is for a replay of exactly it.
    Dead {
        /// The dead letter's coordinates.
        letter: String,
        /// To run a replay with.
        session: Box<dyn InboxSession>,
        /// Whether outbox rows of the dead-letter handler are left.
        owes: bool,
    },
}

/// The marker to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Marker {
    /// The effect happened. `Done` beats `Dead`.
    Done,
    /// Dead-lettered as this letter (`topic/partition/offset`).
    Dead {
        /// The dead letter's coordinates.
        letter: String,
    },
}

/// An emitted record that is owed until it is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its number within the claim, from 0: the order of publishing.
    pub ordinal: u32,
    /// What is to be published.
    pub record: NewRecord,
}

/// What a store may answer instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It exists already: done by another attempt (rule 28).
    #[error("the marker exists already")]
    Duplicate,
    /// Another owner has the partition (rule 10).
    #[error("another owner has the partition")]
    Fenced,
    /// Down, locked, full: nothing is known to have happened; try again.
    #[error("{0}")]
    Unavailable(String),
    /// The store cannot be used as it is (wrong schema, no permission).
    #[error("{0}")]
    Broken(String),
}

/// A store of markers and effects, as the runtime sees it.
pub trait InboxStore: Send + Sync + fmt::Debug + 'static {
    /// Names it in logs and findings, without secrets.
    fn name(&self) -> String;

    /// Creates or checks its own tables. Called before the group is joined.
    fn prepare(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Raises the owner row of this partition and gives the new epoch: earlier owners' effects are refused from now on.
    fn own<'a>(
        &'a self,
        group: &'a str,
        partition: &'a TopicPartition,
    ) -> BoxFuture<'a, Result<i64, StoreError>>;

    /// Looks the marker up. Opens no transaction yet.
    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Claimed, StoreError>>;

    /// What a marker still owes, in order.
    fn owed<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Vec<OutboxRow>, StoreError>>;

    /// Strikes rows that were acknowledged.
    fn strike<'a>(
        &'a self,
        claim: &'a Claim,
        ordinals: &'a [u32],
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Whether it can be used right now.
    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// One attempt's transaction; opened at first use. Dropping it rolls back.
pub trait InboxSession: Send + fmt::Debug {
    /// For the extractor, which knows the store's own type.
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;

    /// Checks the owner row, writes marker and outbox rows, and commits all of it with the effect.
    ///
    /// `Done` replaces nothing or `Dead`; `Dead` replaces nothing or the letter that the claim found (rules 25, 31).
    ///
    /// # Errors
    /// [`StoreError::Duplicate`], [`StoreError::Fenced`]: rolled back, nothing happened. `Unavailable`: rolled back, or unknown:
    /// the marker decides at the next claim.
    fn commit(
        self: Box<Self>,
        marker: Marker,
        outbox: Vec<OutboxRow>,
    ) -> BoxFuture<'static, Result<(), StoreError>>;
}

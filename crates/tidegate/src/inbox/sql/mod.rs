//! Markers, effects and outbox rows in one SQL transaction: what the databases have in common.
//!
//! ```text
//!   readers (pool) ── marker? owed rows? ──────────────▶ ┌──────────────────┐
//!                                                        │ tidegate_marker  │
//!   writers ── BEGIN                                     │ tidegate_outbox  │
//!        handler's statements · owner check ·            │ tidegate_owner   │
//!        marker · outbox rows ── COMMIT ───────────────▶ │ the user's tables│
//!                                                        └──────────────────┘
//! ```
//!
//! Each statement is written once, with `$1`, which both databases read; [`SqlDatabase`] holds what differs. A
//! transaction begins with the handler's first statement: no lock is held while a handler waits for something else.
//! Outbox rows are struck on connections of their own that do not wait for the disk: a strike that is lost with the
//! power means that the same event is published once more, with the same id.
//!
//! Guarantee: effect, marker and emitted events are all there or none, after a kill at any moment and after power
//! loss. Tests, on both: `effect_marker_and_outbox_commit_together`, `a_fenced_owner_writes_nothing`,
//! `a_second_done_is_a_duplicate`.

mod database;
pub(super) mod error;
mod headers;
mod marker;
mod outbox;
mod owner;
mod schema;
mod session;
mod statement;
mod store;
#[cfg(test)]
mod tests;
mod turn;
mod tx;

pub use database::{SqlDatabase, Value};
pub use session::SqlSession;
pub use statement::Statement;
pub(super) use store::Parts;
pub use store::SqlInbox;
pub use tx::SqlTx;

pub(super) use database::sql_methods;
pub(super) use turn::{PATIENCE, Turn};
pub(super) use tx::Writer;

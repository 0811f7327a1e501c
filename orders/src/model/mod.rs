//! The read model: what became of every order, in SQLite.
//!
//! ```text
//!  consumer ── Inbox<Sqlite> transaction ──▶ DATA_DIR/orders.db: orders, order_history ──▶ producer (read-only)
//!              marker + writer::apply                           markers, outbox, owners
//! ```
//!
//! The consumer owns it and [`migrate`]s it; the producer and the replay service open it read-only ([`Reader`]).
//! Status and history change only in the transaction that writes the event's marker, so a kill leaves both or neither.

mod cursor;
mod migrate;
mod reader;
mod transition;
pub mod writer;

pub use cursor::{BadCursor, Cursor};
pub use migrate::migrate;
pub use reader::{HistoryEntry, ListFilter, OrderView, Page, Reader};
pub use transition::{Happened, next};

/// Why the read model cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// There is no file, or no tables in it: the consumer has not made it yet.
    #[error("no read model at {path}: the consumer makes it; start it with the same DATA_DIR")]
    Missing {
        /// The file.
        path: String,
    },
    /// A newer program wrote it.
    #[error(
        "the read model has schema version {found}, and this program knows {known}: start a newer one"
    )]
    Newer {
        /// In the file.
        found: usize,
        /// In this program.
        known: usize,
    },
    /// A stored value cannot be read back.
    #[error("order {order_id} of the read model holds a {field} that cannot be read")]
    Damaged {
        /// The order.
        order_id: String,
        /// The column.
        field: &'static str,
    },
    /// SQLite failed.
    #[error("the read model cannot be used")]
    Database(#[from] sqlx::Error),
}

#[cfg(test)]
mod tests;

//! The read model: what became of every order, in SQLite or PostgreSQL.
//!
//! ```text
//!  consumer ── Tx (an Inbox) ──────▶ orders, order_history    ──▶ producer, replay (read-only)
//!              marker + writer::apply  markers, outbox, owners
//!
//!  on one machine: DATA_DIR/orders.db          on several: DATABASE_URL, schema `orders`
//! ```
//!
//! The consumer owns it, and opens and migrates it ([`Store::open`]); the producer and the replay service only read ([`Reader`]).
//! Status and history change only in the transaction that writes the event's marker, so a kill leaves both or neither.
//!
//! Connections: the consumer's store has up to 14 to PostgreSQL, and each process up to 4 that read.

mod cursor;
mod migrate;
mod pool;
mod reader;
mod sql;
mod store;
#[cfg(test)]
pub(crate) mod testing;
mod transition;
mod tx;
pub mod writer;

pub use cursor::{BadCursor, Cursor};
pub use migrate::migrate;
pub use reader::{HistoryEntry, ListFilter, OrderView, Page, Reader};
pub use sql::Connection;
pub use store::{Database, SCHEMA, Store, postgres};
pub use transition::{Happened, next};
pub use tx::Tx;

use tidegate::inbox::StoreError;

/// Why the read model cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// There is no database, or no tables in it: the consumer has not made it yet.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The store of markers cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server does not answer, or refuses.
    #[error("the read model cannot be used: {place}")]
    Down {
        /// Where it is.
        place: String,
        /// Why.
        source: sqlx::Error,
    },
    /// A newer program wrote it.
    #[error(
        "the read model has schema version {found}, and this program knows {known}: start a newer one"
    )]
    Newer {
        /// In the database.
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
    /// The database failed.
    #[error("the read model cannot be used")]
    Database(#[from] sqlx::Error),
}

/// There is no read model where it was looked for.
#[derive(Debug, thiserror::Error)]
#[error("no read model at {place}: the consumer makes it; start it with the same {setting}")]
pub struct Missing {
    /// Where it was looked for.
    pub place: String,
    /// The setting that says so.
    pub setting: &'static str,
}

impl Missing {
    fn at(store: &Store) -> Self {
        let setting = match store {
            Store::Sqlite(_) => "DATA_DIR",
            Store::Postgres(_) => "DATABASE_URL",
        };
        Self { place: store.to_string(), setting }
    }
}

#[cfg(test)]
mod server_postgres;
#[cfg(test)]
mod tests;

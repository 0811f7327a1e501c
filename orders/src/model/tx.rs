//! The transaction of a handler, on whichever database the read model is.

use sqlx::{Postgres, Sqlite};
use tidegate::delivery::Delivery;
use tidegate::extract::{FromDelivery, FromRef, Needs};
use tidegate::inbox::{Inbox, InboxRejection};

use super::sql::Connection;
use super::store::Database;

/// Marker, effect and emitted events in one transaction: an [`Inbox`] on the database that was chosen at the start.
///
/// A service that knows its database takes `Inbox<Sqlite>` or `Inbox<Postgres>` itself. This one is told by
/// `DATABASE_URL`, so its handlers take this argument, and each is written once.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(Inbox<Sqlite>),
    /// On PostgreSQL.
    Postgres(Inbox<Postgres>),
}

impl Tx {
    /// The connection inside the transaction, which begins now if it has not yet.
    ///
    /// # Errors
    /// Any that beginning a transaction can give.
    pub async fn connection(&mut self) -> Result<Connection<'_>, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(inbox) => Connection::Sqlite(inbox.connection().await?),
            Self::Postgres(inbox) => Connection::Postgres(inbox.connection().await?),
        })
    }
}

impl<S: Sync> FromDelivery<S> for Tx
where
    Database: FromRef<S>,
{
    type Rejection = InboxRejection;

    async fn from_delivery(delivery: &Delivery, state: &S) -> Result<Self, InboxRejection> {
        Ok(match Database::from_ref(state) {
            Database::Sqlite => Self::Sqlite(Inbox::from_delivery(delivery, state).await?),
            Database::Postgres => Self::Postgres(Inbox::from_delivery(delivery, state).await?),
        })
    }

    /// The route's effects are transactional, whichever database it is.
    fn needs(needs: &mut Needs) {
        needs.inbox();
    }
}

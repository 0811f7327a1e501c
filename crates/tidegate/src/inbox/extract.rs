//! The extractor: a handler's view of its attempt's transaction.

use std::any::Any;
use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::class::{Class, Classify};
use crate::delivery::{Delivery, InboxSlot};
use crate::extract::{FromDelivery, Needs};
use crate::inbox::InboxSession;

/// A kind of database that an [`Inbox`] can be on: names the session's type, and what statements run on.
pub trait InboxDatabase: 'static {
    /// The store's session.
    type Session: InboxSession + fmt::Debug + 'static;
    /// What `&*inbox` is.
    type Tx: ?Sized;

    /// For messages: `Sqlite`.
    const NAME: &'static str;

    /// The transaction of a session.
    fn tx(session: &Self::Session) -> &Self::Tx;

    /// The transaction of a session.
    fn tx_mut(session: &mut Self::Session) -> &mut Self::Tx;
}

/// Marker, effect and emitted events in one transaction.
///
/// A handler writes its effect through `&mut *inbox`, and returns. There is no commit: when the handler returns `Ok`, the runtime
/// adds the marker and what is emitted, and commits all of it; when it fails, all of it is rolled back. A record whose marker
/// exists does not reach the handler again (rule 28).
///
/// Guarantee: exactly one effect inside the database, killed at any moment (I4). What the handler does outside of it happens again
/// with the next attempt: hand the [`EventId`](crate::event::EventId) on as idempotency key.
///
/// Keep it no longer than the handler runs: an inbox that was moved into a task of its own cannot be committed, and the attempt fails.
pub struct Inbox<D: InboxDatabase> {
    slot: InboxSlot,
    /// `None` only while dropping.
    session: Option<Box<D::Session>>,
}

/// Why there is no inbox for a handler. The service's configuration is wrong, so it stops.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InboxRejection {
    /// No session is open: a second `Inbox` argument, or a route without a store.
    #[error(
        "no session for Inbox<{0}>: take one `Inbox` per handler, and give the router a store with `.inbox(..)`"
    )]
    NoSession(&'static str),
    /// The router's store is another one.
    #[error("Inbox<{0}> was asked for, but the router's store is of another kind")]
    OtherStore(&'static str),
}

impl Classify for InboxRejection {
    fn class(&self) -> Class {
        Class::Fatal
    }
}

impl<S: Sync, D: InboxDatabase> FromDelivery<S> for Inbox<D> {
    type Rejection = InboxRejection;

    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, Self::Rejection> {
        let slot = delivery.inbox.clone();
        let session = slot.take().ok_or(InboxRejection::NoSession(D::NAME))?;
        let session: Box<dyn Any + Send> = session.into_any();
        let session = session.downcast().map_err(|_| InboxRejection::OtherStore(D::NAME))?;
        Ok(Self { slot, session: Some(session) })
    }

    fn needs(needs: &mut Needs) {
        needs.inbox();
    }
}

impl<D: InboxDatabase> Deref for Inbox<D> {
    type Target = D::Tx;
    fn deref(&self) -> &Self::Target {
        D::tx(self.session.as_deref().expect("present until dropped"))
    }
}

impl<D: InboxDatabase> DerefMut for Inbox<D> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        D::tx_mut(self.session.as_deref_mut().expect("present until dropped"))
    }
}

impl<D: InboxDatabase> Drop for Inbox<D> {
    fn drop(&mut self) {
        // Back to where the settle looks for it.
        if let Some(session) = self.session.take() {
            self.slot.put(session);
        }
    }
}

impl<D: InboxDatabase> fmt::Debug for Inbox<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("database", &D::NAME).finish_non_exhaustive()
    }
}

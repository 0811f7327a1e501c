//! One attempt on its way to a handler: what user layers see, and extractors read.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::clock::Clock;
use crate::event::EventId;
use crate::inbox::InboxSession;
use crate::message::Record;

/// One attempt at one record.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The record, as it stands in the log.
    pub record: Arc<Record>,
    /// Its identity (rule 24), from the header, `ce_id`, the body, or its origin.
    pub event_id: EventId,
    /// Its type, by which the route was chosen.
    pub event_type: Arc<str>,
    /// Names everything that belongs to one request; made from the event id when the record carries none.
    pub correlation_id: Arc<str>,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// The consumer group.
    pub group: Arc<str>,
    /// The handler's name: part of the marker's scope and of derived ids.
    pub handler: Arc<str>,
    /// The open session of the route's store, where it has one.
    pub inbox: InboxSlot,
    /// Set while a dead-letter handler runs: what it is told.
    pub dead: Option<Arc<crate::dead_letter::Death>>,
    /// Whether the partition is still ours to act on.
    pub(crate) ours: Ours,
}

/// What knows whether an ownership may be acted on (rule 10).
pub(crate) trait Ownership: Send + Sync + std::fmt::Debug {
    /// Whether it may be acted on now.
    fn holds(&self, now: Duration) -> bool;
}

/// The ownership that an attempt began under; by default one that never ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ours(pub(crate) Option<(Arc<dyn Ownership>, Clock)>);

impl Ours {
    /// Waits until it may be acted on: for ever when somebody else has it by now, and then the attempt is dropped.
    pub(crate) async fn trusted(&self) {
        let Some((ownership, clock)) = &self.0 else { return };
        while !ownership.holds(clock.elapsed()) {
            clock.sleep(LOOK).await;
        }
    }
}

/// Between two looks at a lease that has run out.
const LOOK: Duration = Duration::from_millis(50);

/// Where the attempt's store session waits for the `Inbox` extractor, and for the settle after it.
#[derive(Debug, Clone, Default)]
pub struct InboxSlot(Arc<Mutex<Option<Box<dyn InboxSession>>>>);

impl InboxSlot {
    /// Puts a session in; gives back what was there.
    pub fn put(&self, session: Box<dyn InboxSession>) -> Option<Box<dyn InboxSession>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).replace(session)
    }

    /// Takes the session out.
    #[must_use]
    pub fn take(&self) -> Option<Box<dyn InboxSession>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }
}

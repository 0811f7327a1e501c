//! One attempt on its way to a handler: what user layers see, and extractors read.

use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::broker::sync::lock;
use crate::clock::Clock;
use crate::event::EventId;
use crate::headers::names;
use crate::inbox::InboxSession;
use crate::message::Record;
use crate::policy::PolicyId;
use crate::router::endpoint::Routed;
use crate::traces::{self, TraceSlot};

/// One attempt at one record. What it has in common with the other attempts at it, [`Identified`], is read as if it stood here:
/// `delivery.event_id`.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub(crate) identified: Arc<Identified>,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// The open session of the route's store, where it has one.
    pub inbox: InboxSlot,
    /// Set while a dead-letter handler runs: what it is told.
    pub dead: Option<Arc<crate::dead_letter::Death>>,
    /// Whether the partition is still ours to act on.
    pub(crate) ours: Ours,
}

impl Deref for Delivery {
    type Target = Identified;
    fn deref(&self) -> &Identified {
        &self.identified
    }
}

/// A record that a group has, and who it is: the same for all attempts at it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Identified {
    /// The record, as it stands in the log.
    pub record: Arc<Record>,
    /// Its identity (rule 24), from the header, `ce_id`, the body, or its origin.
    pub event_id: EventId,
    /// Its type, by which the route was chosen.
    pub event_type: Arc<str>,
    /// Names everything that belongs to one request; made from the event id when the record carries none.
    pub correlation_id: Arc<str>,
    /// The consumer group.
    pub group: Arc<str>,
    /// The handler's name: part of the marker's scope and of derived ids.
    pub handler: Arc<str>,
    pub(crate) policy: PolicyId,
    /// Whether the record is a replay that is meant for another group only (rule 31).
    pub(crate) aimed_elsewhere: bool,
    /// The trace that the last attempt left, where one is traced.
    pub(crate) trace: TraceSlot,
}

impl Identified {
    pub(crate) fn new(record: Record, routed: Routed, group: Arc<str>) -> Self {
        let Routed { policy, handler, event_type, event_id, correlation_id } = routed;
        let target = record.headers.text(names::REPLAY_GROUP);
        let aimed_elsewhere = target.is_some_and(|target| target != &*group);
        let record = Arc::new(record);
        Self {
            record,
            event_id,
            event_type,
            correlation_id,
            group,
            handler,
            policy,
            aimed_elsewhere,
            trace: TraceSlot::default(),
        }
    }

    /// The trace that a log line about the record belongs to: that of the last attempt, else the one that the record carries.
    pub(crate) fn trace_id(&self) -> Option<String> {
        self.span_ids().map(|(trace, _)| trace)
    }

    /// The span of that trace.
    pub(crate) fn span_id(&self) -> Option<String> {
        self.span_ids().map(|(_, span)| span)
    }

    fn span_ids(&self) -> Option<(String, String)> {
        let carried = || traces::carried(&self.record.headers);
        let owned = |(trace, span): (&str, &str)| (trace.to_owned(), span.to_owned());
        self.trace.ids().or_else(|| carried().map(owned))
    }
}

/// What knows whether an ownership may be acted on (rule 10).
pub(crate) trait Ownership: Send + Sync + std::fmt::Debug {
    /// Whether it may be acted on now.
    fn holds(&self) -> bool;

    /// A call that the record shares with others takes a step: simulated worlds look whether it may.
    #[cfg(feature = "testing")]
    fn goes_on(&self) {}

    /// The clock that its lease is measured on.
    fn clock(&self) -> &Clock;
}

/// The ownership that an attempt began under; by default one that never ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ours(pub(crate) Option<Arc<dyn Ownership>>);

impl Ours {
    /// Waits until it may be acted on: for ever when somebody else has it by now, and then the attempt is dropped.
    pub(crate) async fn trusted(&self) {
        let Some(ownership) = &self.0 else { return };
        while !ownership.holds() {
            ownership.clock().sleep(LOOK).await;
        }
    }
}

/// Between two looks at a lease that has run out.
const LOOK: Duration = Duration::from_millis(50);

/// Where the attempt's store session waits for the `Inbox` extractor, and for the settle after it.
///
/// Without a store there is none to hold: then it takes nothing either.
#[derive(Debug, Clone, Default)]
pub struct InboxSlot(Option<Arc<Slot>>);

type Slot = Mutex<Option<Box<dyn InboxSession>>>;

impl InboxSlot {
    /// With a session in it, if there is one.
    pub(crate) fn new(session: Option<Box<dyn InboxSession>>) -> Self {
        Self(session.map(|session| Arc::new(Mutex::new(Some(session)))))
    }

    /// Puts a session in that was [taken](Self::take) out; gives back what was there, or the session where it has no place.
    pub fn put(&self, session: Box<dyn InboxSession>) -> Option<Box<dyn InboxSession>> {
        match &self.0 {
            Some(slot) => lock(slot).replace(session),
            None => Some(session),
        }
    }

    /// Takes the session out.
    #[must_use]
    pub fn take(&self) -> Option<Box<dyn InboxSession>> {
        lock(self.0.as_ref()?).take()
    }
}

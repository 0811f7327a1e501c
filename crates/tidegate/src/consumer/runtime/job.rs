//! One record's work: what a task is given, and what it hands back.
//!
//! ```text
//!   driver ── Job { record, route, tenure, Carry } ──▶ lane ── answer, Carry ──▶ driver
//! ```
//!
//! A record is with one lane at most, so what an attempt leaves for the steps of settling moves along: no lock.

use std::sync::Arc;

use crate::consumer::runtime::tenure::Tenure;
use crate::delivery::{Delivery, Identified, InboxSlot, Ours};
use crate::headers::names;
use crate::inbox::{Claim, InboxSession};
use crate::message::{NewRecord, Offset};
use crate::planted::planted;
use crate::policy::RoutePolicy;
use crate::traces;

use super::shop::{NamedStore, Shop};

impl Identified {
    /// Whether the record is a replay of exactly this letter.
    pub(super) fn replays(&self, letter: &str) -> bool {
        self.record.headers.text(names::REPLAY_LETTER) == Some(letter)
    }
}

/// What an attempt leaves for the steps after it.
#[derive(Debug, Default)]
pub(super) struct Carry {
    /// The open transaction that holds the effect.
    pub(super) session: Option<Box<dyn InboxSession>>,
    /// What is to be published, in order.
    pub(super) emits: Vec<NewRecord>,
    /// The dead letter's coordinates, once it is acknowledged.
    pub(super) letter: Option<String>,
    /// What the dead-letter handler is told.
    pub(super) death: Option<Arc<crate::dead_letter::Death>>,
    /// How often the dead-letter handler failed in a way that counts.
    pub(super) dead_handler_failures: u32,
    /// Where its entry stands in the schedule, once it is acknowledged.
    pub(super) entry: Option<Offset>,
    /// The dead-letter handler is through, or given up: nothing of it is waited for.
    pub(super) dead_handler_over: bool,
}

/// One record in its service: the same for all of its tasks.
pub(super) struct Site {
    pub(super) shop: Arc<Shop>,
    pub(super) tenure: Arc<Tenure>,
    pub(super) offset: Offset,
    pub(super) item: Arc<Identified>,
}

/// What a lane works on.
pub(super) struct Job {
    pub(super) site: Site,
    pub(super) carry: Carry,
}

impl Site {
    /// The route's policy.
    pub(super) fn policy(&self) -> &RoutePolicy {
        self.shop.policy(self.item.policy)
    }

    /// The route's store, where it has one.
    pub(super) fn store(&self) -> Option<&NamedStore> {
        Some(self.shop.store(self.item.policy)?.1)
    }

    /// Rule 10, asked once more when something took its time before the handler is called: a process that was stopped
    /// meanwhile calls nobody.
    pub(super) fn is_still_ours(&self) -> bool {
        self.tenure.is_trusted(self.shop.clock.elapsed()) || planted!(ClaimOutlivesLease)
    }

    /// The owner epoch of the route's store for this partition.
    fn owner_epoch(&self) -> i64 {
        let store = self.shop.store(self.item.policy).map(|(place, _)| place);
        store.and_then(|place| self.tenure.owners.get(place)).copied().unwrap_or_default()
    }

    /// Around a handler's call: its own log lines, and those of what it calls, say whose they are. Of the highest level, so
    /// that a filter that keeps warnings only keeps it too.
    pub(super) fn span(&self) -> tracing::Span {
        let (at, carried) = (&self.tenure.partition, traces::carried(&self.item.record.headers));
        tracing::error_span!(
            "handler",
            service = %self.shop.identity.service,
            handler = self.item.handler.as_ref(),
            event_id = self.item.event_id.as_str(),
            correlation_id = self.item.correlation_id.as_ref(),
            topic = at.topic.as_str(),
            partition = at.partition.0,
            offset = self.offset.0,
            trace_id = carried.map(|(trace, _)| trace),
            span_id = carried.map(|(_, span)| span),
        )
    }

    /// The claim on the marker of this record.
    pub(super) fn claim(&self) -> Claim {
        Claim {
            group: self.shop.identity.group.as_ref().to_owned(),
            handler: self.item.handler.as_ref().to_owned(),
            event_id: self.item.event_id.clone(),
            partition: self.tenure.partition.clone(),
            owner_epoch: self.owner_epoch(),
        }
    }
}

impl Job {
    pub(super) fn new(
        (shop, tenure): (&Arc<Shop>, &Arc<Tenure>),
        offset: Offset,
        item: Arc<Identified>,
    ) -> Self {
        let site = Site { shop: shop.clone(), tenure: tenure.clone(), offset, item };
        Self { site, carry: Carry::default() }
    }

    /// The same for the next record of the partition.
    pub(super) fn turn_to(&mut self, offset: Offset, item: Arc<Identified>) {
        (self.site.offset, self.site.item) = (offset, item);
        self.carry = Carry::default();
    }

    /// What the route is called with.
    pub(super) fn delivery(
        &self,
        attempt: u32,
        session: Option<Box<dyn InboxSession>>,
    ) -> Delivery {
        Delivery {
            identified: Arc::clone(&self.site.item),
            attempt,
            inbox: InboxSlot::new(session),
            dead: self.carry.death.clone(),
            ours: Ours(Some(self.site.tenure.clone())),
        }
    }
}

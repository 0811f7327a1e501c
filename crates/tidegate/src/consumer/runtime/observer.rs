//! Who is told what happens: logs, readiness and tests listen here, and see the same.

use std::sync::Arc;

use crate::consumer::core::End;
use crate::delivery::Identified;
use crate::events::RuntimeEvent;
use crate::message::{Offset, Record, TopicPartition};

/// A record that an event is about, as long as the driver holds it.
pub(crate) type Subject<'a> = &'a Identified;

/// Told synchronously, from the driver: must not block.
pub(crate) trait Observer: Send + Sync {
    /// A record was delivered, and is the service's to finish.
    fn delivered(&self, _record: &Record) {}

    /// Records of one partition have ended; `subject` gives those that the driver holds. An event for each, unless an
    /// observer knows a shorter way.
    fn settled<'a>(
        &self,
        partition: &TopicPartition,
        ended: &[(Offset, End)],
        subject: &dyn Fn(Offset) -> Option<Subject<'a>>,
    ) {
        for (offset, end) in ended.iter().copied() {
            let event = RuntimeEvent::Settled { partition: partition.clone(), offset, end };
            self.event(&event, subject(offset));
        }
    }

    /// Something else happened; `subject` is the record that it is about, if it is about one.
    fn event(&self, event: &RuntimeEvent, subject: Option<Subject<'_>>);
}

/// All who listen, in order.
#[derive(Clone, Default)]
pub(crate) struct Observers(Vec<Arc<dyn Observer>>);

impl Observers {
    pub(crate) fn push(&mut self, observer: Arc<dyn Observer>) {
        self.0.push(observer);
    }

    pub(super) fn delivered(&self, record: &Record) {
        for observer in &self.0 {
            observer.delivered(record);
        }
    }

    pub(super) fn settled<'a>(
        &self,
        partition: &TopicPartition,
        ended: &[(Offset, End)],
        subject: &dyn Fn(Offset) -> Option<Subject<'a>>,
    ) {
        for observer in &self.0 {
            observer.settled(partition, ended, subject);
        }
    }

    pub(super) fn event(&self, event: &RuntimeEvent, subject: Option<Subject<'_>>) {
        for observer in &self.0 {
            observer.event(event, subject);
        }
    }
}

impl std::fmt::Debug for Observers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Observers({})", self.0.len())
    }
}

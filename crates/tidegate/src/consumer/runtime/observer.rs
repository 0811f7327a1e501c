//! Who is told what happens: logs, readiness and tests listen here, and see the same.

use std::sync::Arc;

use crate::events::RuntimeEvent;
use crate::message::Record;
use crate::router::endpoint::Routed;

/// A record that an event is about, as long as the driver holds it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    #[cfg_attr(
        not(feature = "testing"),
        expect(dead_code, reason = "`TestService` asks for keys")
    )]
    pub(crate) record: &'a Record,
    pub(crate) routed: &'a Routed,
}

/// Told synchronously, from the driver: must not block.
pub(crate) trait Observer: Send + Sync {
    /// A record was delivered, and is the service's to finish.
    fn delivered(&self, _record: &Record) {}

    /// Something happened; `subject` is the record that it is about, if it is about one.
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

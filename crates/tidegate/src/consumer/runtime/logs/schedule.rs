//! Lines about what waits in a retry topic.

use super::Logs;
use crate::consumer::runtime::observer::Subject;
use crate::events::RuntimeEvent;

impl Logs {
    pub(super) fn of_schedule(&self, event: &RuntimeEvent, subject: Option<Subject<'_>>) {
        match event {
            RuntimeEvent::Restoring { .. } => {
                line!(self, debug, event, subject, "the schedule is being read");
            }
            RuntimeEvent::Restored { entries, .. } => {
                line!(
                    self,
                    info,
                    event,
                    subject,
                    "schedule read: records wait in it",
                    entries = entries
                );
            }
            RuntimeEvent::RestoreFailed { message, .. } => {
                line!(self, error, event, subject, "the schedule cannot be read now: tried again", error = %message);
            }
            RuntimeEvent::Parked { .. } => {
                line!(
                    self,
                    debug,
                    event,
                    subject,
                    "waits behind a record of its key that has failed"
                );
            }
            RuntimeEvent::Scheduled { .. } => {
                line!(self, debug, event, subject, "waits in the schedule");
            }
            RuntimeEvent::Recalled { .. } => {
                line!(self, debug, event, subject, "is back from the schedule");
            }
            RuntimeEvent::KeyCrowded { .. } => {
                line!(
                    self,
                    warn,
                    event,
                    subject,
                    "too much waits behind a record of its key that has failed: partition paused"
                );
            }
            RuntimeEvent::KeyHeld { .. } => {
                line!(
                    self,
                    warn,
                    event,
                    subject,
                    "dead-lettered: its key is held until an operator lets it go"
                );
            }
            RuntimeEvent::KeyReleased { .. } => {
                line!(self, info, event, subject, "its key was let go by an operator");
            }
            RuntimeEvent::RecallFailed { message, .. } => {
                line!(self, warn, event, subject, "not to be read from the schedule now: tried again", error = %message);
            }
            RuntimeEvent::StaleEntry { .. } => {
                line!(
                    self,
                    warn,
                    event,
                    subject,
                    "an earlier owner's entry came after a later one had read the schedule: struck"
                );
            }
            RuntimeEvent::OrphanEntry { offset, at, .. } => {
                line!(
                    self,
                    warn,
                    event,
                    subject,
                    "waits for a retry, of a topic of this name that was deleted: left in the retry topic, not run",
                    origin = offset.0,
                    entry = at.0
                );
            }
            other => self.of_partition(other, subject),
        }
    }
}

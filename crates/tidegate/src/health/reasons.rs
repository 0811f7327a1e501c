//! Which check fails of an event, and what it says.

use std::time::Duration;

use super::CheckName;
use super::state::State;
use super::troubles::Place;
use crate::broker::CommitError;
use crate::events::RuntimeEvent;
use crate::message::{Offset, TopicPartition};

impl State {
    pub(super) fn trouble(&mut self, event: &RuntimeEvent, at: &TopicPartition, now: Duration) {
        let whole = || Place::Partition(at.clone());
        let record = |offset: &Offset| Place::Record(at.clone(), *offset);
        let (check, place, why) = match event {
            RuntimeEvent::OutagePaused { dependency, message, .. } => {
                let why = format!("{at} is paused: {dependency} is down: {message}");
                (CheckName::Outage, whole(), why)
            }
            RuntimeEvent::RestoreFailed { message, .. } => {
                let why = format!("{at} is paused: its schedule cannot be read: {message}");
                (CheckName::Ownership, whole(), why)
            }
            RuntimeEvent::OwnFailed { message, .. } => {
                let why = format!("{at} is paused: ownership cannot be noted: {message}");
                (CheckName::Ownership, whole(), why)
            }
            // Until it is known where it went, it is paused here.
            RuntimeEvent::CommitFailed { error: CommitError::NotOwned(_), .. }
                if self.assigned.contains(at) =>
            {
                let why = format!("{at} is paused: its commit was refused as not this member's");
                (CheckName::Ownership, whole(), why)
            }
            RuntimeEvent::LeaseExpired { .. } => {
                let why = format!("{at} is paused: no commit was accepted for long");
                (CheckName::Lease, whole(), why)
            }
            RuntimeEvent::PartitionStuck { offset, doing, .. } => {
                let why =
                    format!("{at} is stuck: no progress at offset {offset}, which is {doing}");
                (CheckName::Progress, whole(), why)
            }
            RuntimeEvent::PartitionSilent { position, end, .. } => {
                let why = format!(
                    "{at} is silent: nothing comes from offset {position} on, and its log goes on to {end}"
                );
                (CheckName::Silence, whole(), why)
            }
            RuntimeEvent::CorruptBatch { position, reason, .. } => {
                let why = format!(
                    "{at} cannot be read from offset {position} on: {reason}: nothing behind it is delivered"
                );
                (CheckName::Corruption, whole(), why)
            }
            RuntimeEvent::LaneStuck { offset, .. } => {
                let why = format!("{at} is stuck at offset {offset}: its handler keeps the thread");
                (CheckName::Lane, record(offset), why)
            }
            RuntimeEvent::SettleStalled { offset, step, message, .. } => {
                let why = format!("{at} is stuck at offset {offset}: {step:?} fails: {message}");
                (CheckName::Settling, record(offset), why)
            }
            _ => return,
        };
        self.troubles.set(check, place, why, now);
    }
}

//! Lines about what stands still, and what goes on again.

use super::Logs;
use crate::consumer::runtime::observer::Subject;
use crate::events::RuntimeEvent;

impl Logs {
    pub(super) fn watchdogs(&self, event: &RuntimeEvent, subject: Option<Subject<'_>>) {
        match event {
            RuntimeEvent::LeaseExpired { .. } => {
                line!(
                    self,
                    warn,
                    event,
                    subject,
                    "no commit was accepted for long: nothing more begins"
                );
            }
            RuntimeEvent::LeaseRenewed { .. } => {
                line!(self, info, event, subject, "a commit was accepted: it goes on");
            }
            RuntimeEvent::PartitionStuck { doing, .. } => {
                line!(
                    self,
                    error,
                    event,
                    subject,
                    "partition gets no further than this record",
                    doing = doing
                );
            }
            RuntimeEvent::PartitionSilent { position, end, .. } => {
                line!(
                    self,
                    error,
                    event,
                    subject,
                    "nothing comes of the partition, though its log goes on: read again",
                    position = position.0,
                    end = end.0
                );
            }
            RuntimeEvent::SilenceOver { .. } => {
                line!(self, info, event, subject, "the partition is not silent any more");
            }
            RuntimeEvent::CorruptBatch { position, reason, .. } => {
                line!(
                    self,
                    error,
                    event,
                    subject,
                    "the next batch of the partition cannot be read: nothing behind it is delivered, and it is tried again",
                    position = position.0,
                    error = %reason
                );
            }
            RuntimeEvent::CorruptBatchOver { .. } => {
                line!(self, info, event, subject, "the partition can be read again");
            }
            RuntimeEvent::PartitionMoves { .. } => {
                line!(self, info, event, subject, "partition gets on again");
            }
            RuntimeEvent::LaneStuck { lasted, .. } => {
                line!(self, error, event, subject, "the record's handler keeps its thread", lasted = ?lasted);
            }
            RuntimeEvent::LaneFree { .. } => {
                line!(self, info, event, subject, "the record's handler has let go of its thread");
            }
            RuntimeEvent::LoopLate { by } => {
                line!(self, error, event, subject, "the member's loop was late: something kept its thread", by = ?by);
            }
            RuntimeEvent::PollExceeded => {
                line!(
                    self,
                    error,
                    event,
                    subject,
                    "the member did not ask for records within max_poll_interval: its group put it out"
                );
            }
            RuntimeEvent::TopicGone { topic } => {
                line!(self, error, event, subject, "a topic is not there any more: nothing of it is read or committed",
                    topic = %topic);
            }
            RuntimeEvent::TopicBack { topic, anew: true } => {
                line!(self, warn, event, subject, "a topic was deleted and made anew: its records are others, and the group's commits went with it",
                    topic = %topic);
            }
            RuntimeEvent::TopicBack { topic, .. } => {
                line!(self, info, event, subject, "a topic is there again", topic = %topic);
            }
            other => tracing::debug!(event = ?other, "runtime event"),
        }
    }
}

//! What happens, as log lines: who, where and why, and never what was in a record (I8).
//!
//! A record that ends well is told at `debug` only: a line for each would be most of the log. What tells its story is what went
//! wrong, and the lines of the handlers themselves.

use crate::class::Failure;
use crate::consumer::core::End;
use crate::consumer::runtime::observer::{Observer, Subject};
use crate::consumer::runtime::shop::Identity;
use crate::events::RuntimeEvent;
use crate::message::{Offset, TopicPartition};

/// One line with the fields that all of them share.
macro_rules! line {
    ($logs:expr, $level:ident, $event:expr, $subject:expr, $message:literal $(, $($field:tt)+)?) => {
        tracing::$level!(
            service = %$logs.0.service,
            group = %$logs.0.group,
            topic = $event.partition().map(|at| at.topic.as_str()),
            partition = $event.partition().map(|at| at.partition.0),
            offset = $event.record().map(|(_, offset)| offset.0),
            event_id = $subject.map(|s| s.event_id.as_str()),
            correlation_id = $subject.map(|s| s.correlation_id.as_ref()),
            handler = $subject.map(|s| s.handler.as_ref()),
            trace_id = $subject.and_then(crate::delivery::Identified::trace_id),
            span_id = $subject.and_then(crate::delivery::Identified::span_id),
            $($($field)+,)?
            $message
        )
    };
}

mod schedule;
mod watchdogs;

/// Writes a line for every failed attempt, dead letter, outage, alarm and change of ownership.
pub(crate) struct Logs(pub(crate) Identity);

impl Observer for Logs {
    fn settled<'a>(
        &self,
        partition: &TopicPartition,
        ended: &[(Offset, End)],
        subject: &dyn Fn(Offset) -> Option<Subject<'a>>,
    ) {
        let all = tracing::enabled!(tracing::Level::DEBUG);
        for (offset, end) in ended.iter().copied().filter(|(_, end)| all || *end == End::Dead) {
            let event = RuntimeEvent::Settled { partition: partition.clone(), offset, end };
            self.event(&event, subject(offset));
        }
    }

    fn event(&self, event: &RuntimeEvent, subject: Option<Subject<'_>>) {
        match event {
            RuntimeEvent::Retrying { attempt, failure, delay, .. } => {
                let Failure { class, message, .. } = failure;
                line!(self, warn, event, subject, "attempt failed; another one follows",
                    attempt = attempt, class = %class, error = %message, delay = ?delay);
            }
            RuntimeEvent::Settled { end: End::Dead, .. } => {
                line!(self, error, event, subject, "dead-lettered");
            }
            RuntimeEvent::Settled { end, .. } => {
                line!(self, debug, event, subject, "finished", end = ?end);
            }
            RuntimeEvent::DeadHandlerGivenUp { failure, .. } => {
                line!(self, error, event, subject, "dead-letter handler given up: settled without its effect",
                    error = %failure.message);
            }
            other => self.of_schedule(other, subject),
        }
    }
}

impl Logs {
    fn of_partition(&self, event: &RuntimeEvent, subject: Option<Subject<'_>>) {
        match event {
            RuntimeEvent::Started { from, .. } => {
                line!(self, info, event, subject, "partition taken over", from = from.0);
            }
            RuntimeEvent::Ended { lost, .. } => {
                line!(self, info, event, subject, "partition given back", lost = lost);
            }
            RuntimeEvent::OutagePaused { dependency, message, delay, .. } => {
                line!(self, warn, event, subject, "outage: partition paused, no attempt counted",
                    dependency = dependency, error = %message, delay = ?delay);
            }
            RuntimeEvent::OutageAlarm { dependency, paused, .. } => {
                line!(self, error, event, subject, "outage lasts: partition still paused",
                    dependency = dependency, paused = ?paused);
            }
            RuntimeEvent::OutageOver { .. } => {
                line!(self, info, event, subject, "outage over");
            }
            other => self.trouble(other, subject),
        }
    }

    fn trouble(&self, event: &RuntimeEvent, subject: Option<Subject<'_>>) {
        match event {
            RuntimeEvent::SettleStalled { step, message, .. } => {
                line!(self, error, event, subject, "settling stalled: tried again until it works",
                    step = ?step, error = %message);
            }
            RuntimeEvent::CommitFailed { error, .. } => {
                line!(self, warn, event, subject, "commit not accepted", error = %error);
            }
            RuntimeEvent::OwnFailed { message, .. } => {
                line!(self, error, event, subject, "ownership not noted in the store: tried again",
                    error = %message);
            }
            RuntimeEvent::CommitVoid { offset, .. } => {
                line!(
                    self,
                    warn,
                    event,
                    subject,
                    "the commit is of a topic of this name that was deleted: it counts as none",
                    committed = offset.0
                );
            }
            RuntimeEvent::MetadataIgnored { reason, .. } => {
                line!(self, warn, event, subject, "commit metadata ignored", reason = %reason);
            }
            RuntimeEvent::OutOfRange { position, watermarks, .. } => {
                line!(
                    self,
                    error,
                    event,
                    subject,
                    "position is not in the log any more",
                    position = position.0,
                    start = watermarks.start.0,
                    end = watermarks.end.0
                );
            }
            RuntimeEvent::Fenced { .. } => {
                line!(
                    self,
                    error,
                    event,
                    subject,
                    "another owner has the partition: cancelled here"
                );
            }
            RuntimeEvent::Redelivered { .. } => {
                line!(self, error, event, subject, "the broker delivered a record twice: ignored");
            }
            other => self.watchdogs(other, subject),
        }
    }
}

//! Makes the dead letter of a record.

use jiff::Timestamp as Instant;

use crate::dead_letter::{Death, Origin, VERSION, history, trace};
use crate::headers::{Headers, names};
use crate::message::{NewRecord, Record, Timestamp, TopicName};
use crate::text::escaped;

/// The longest name of a group, handler or service in a header, in bytes.
const MAX_NAME: usize = 256;
/// The longest reason in a header, in bytes.
const MAX_REASON: usize = 1024;

/// How much a dead letter says: less when more does not fit into the topic (rule 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Everything.
    Full,
    /// Without the history.
    Brief,
    /// Without history and value: it says where the record stands.
    Pointer,
}

impl Detail {
    /// What to try when this much did not fit.
    #[must_use]
    pub fn less(self) -> Option<Self> {
        match self {
            Self::Full => Some(Self::Brief),
            Self::Brief => Some(Self::Pointer),
            Self::Pointer => None,
        }
    }
}

/// Who gives records up, and where they go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterWriter {
    /// The dead-letter topic; its partition is chosen by the record's key (rule 33).
    pub topic: TopicName,
    /// The consumer group.
    pub group: String,
    /// The service's name and version.
    pub service: String,
}

impl DeadLetterWriter {
    /// The dead letter of a record: its key, value and headers as they are, and ours behind them.
    ///
    /// The reason, names and history are cut to a bound, with control characters escaped: a header is not a place for
    /// whatever an error says.
    #[must_use]
    pub fn write(
        &self,
        record: &Record,
        handler: &str,
        death: &Death,
        at: Timestamp,
        detail: Detail,
    ) -> NewRecord {
        let mut headers = original(&record.headers);
        headers.push(names::DLQ_VERSION, VERSION.to_string());
        Origin::of(record).push_to(&mut headers);
        headers.push(names::GROUP, escaped(&self.group, MAX_NAME));
        headers.push(names::HANDLER, escaped(handler, MAX_NAME));
        headers.push(names::SERVICE, escaped(&self.service, MAX_NAME));
        headers.push(names::CLASS, death.failure.class.as_str());
        headers.push(names::REASON, escaped(&death.failure.message, MAX_REASON));
        headers.push(names::ATTEMPTS, death.attempts.to_string());
        headers.push(names::DEAD_AT, rfc3339(at));
        if detail == Detail::Full {
            let all = history::read(&record.headers).into_iter().chain(death.history.clone());
            headers.push(names::HISTORY, history::write(all));
        }
        let mut letter = NewRecord { headers, ..NewRecord::new(self.topic.clone()) };
        letter.key.clone_from(&record.key);
        if detail == Detail::Pointer {
            letter.headers.push(names::DLQ_POINTER, "true");
        } else {
            letter.value.clone_from(&record.value);
        }
        letter
    }
}

/// What the framework puts on dead letters and replays.
const OURS: [&str; 21] = [
    names::DLQ_VERSION,
    names::ORIGIN_TOPIC,
    names::ORIGIN_PARTITION,
    names::ORIGIN_OFFSET,
    names::ORIGIN_TIMESTAMP,
    names::GROUP,
    names::HANDLER,
    names::SERVICE,
    names::CLASS,
    names::REASON,
    names::ATTEMPTS,
    names::HISTORY,
    names::DEAD_AT,
    names::DLQ_POINTER,
    names::DLQ_TRACEPARENT,
    names::ORIGIN_TRACE,
    names::ORIGIN_TRACEPARENT,
    names::ORIGIN_TRACESTATE,
    names::REPLAY_JOB,
    names::REPLAY_LETTER,
    names::REPLAY_GROUP,
];

/// The producer's own headers: all but what a dead letter or a replay has added, and with the trace that a replay has replaced.
pub(super) fn original(headers: &Headers) -> Headers {
    const WITHOUT_PREFIX: [&str; 2] = [names::REPLAYED, names::REPLAY_TIME];
    let mut behind_ours = false;
    let producers = headers.iter().filter(|header| {
        let name = header.name.as_ref();
        let ours = OURS.contains(&name);
        behind_ours |= ours;
        // Ours are appended: before them these two names are the producer's.
        !(ours || behind_ours && WITHOUT_PREFIX.contains(&name))
    });
    trace::restore(headers, producers.cloned().collect())
}

/// A time as text; the number itself when the calendar ends before it.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    Instant::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |instant| instant.to_string())
}

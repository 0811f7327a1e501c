//! A record's headers, and the names of those that Tidegate reads and writes.
//!
//! Headers are a list, not a map: order and repeated names survive a trip through the log
//! (conformance case `headers_byte_for_byte`). Values are bytes, and may be null.

mod name;

use bytes::Bytes;

pub use name::HeaderName;

/// Names of the headers that the framework knows. Everything of ours starts with
/// [`PREFIX`](names::PREFIX); the first five are shared with other tools.
pub mod names {
    /// The event's id (UUID text): the idempotency key (rule 24).
    pub const EVENT_ID: &str = "event_id";
    /// The event's type: chooses the handler.
    pub const EVENT_TYPE: &str = "event_type";
    /// CloudEvents' binary mode spelling of the type; read when [`EVENT_TYPE`] is missing.
    pub const CE_TYPE: &str = "ce_type";
    /// CloudEvents' binary mode spelling of the id; read when [`EVENT_ID`] is missing.
    pub const CE_ID: &str = "ce_id";
    /// Names everything that belongs to one request.
    pub const CORRELATION_ID: &str = "correlation_id";
    /// The id of the event that caused this one.
    pub const CAUSATION_ID: &str = "causation_id";
    /// W3C trace context: which span this record comes from.
    pub const TRACEPARENT: &str = "traceparent";
    /// W3C trace context: what tracing systems add to it.
    pub const TRACESTATE: &str = "tracestate";

    /// Reserved for the framework: publishers may not set these.
    pub const PREFIX: &str = "tidegate-";

    /// Version of the dead-letter headers, text `1`.
    pub const DLQ_VERSION: &str = "tidegate-dlq-version";
    /// First origin: topic.
    pub const ORIGIN_TOPIC: &str = "tidegate-origin-topic";
    /// First origin: partition, decimal text.
    pub const ORIGIN_PARTITION: &str = "tidegate-origin-partition";
    /// First origin: offset, decimal text.
    pub const ORIGIN_OFFSET: &str = "tidegate-origin-offset";
    /// First origin: timestamp, milliseconds, decimal text.
    pub const ORIGIN_TIMESTAMP: &str = "tidegate-origin-timestamp";
    /// The consumer group that gave up.
    pub const GROUP: &str = "tidegate-group";
    /// The handler that gave up.
    pub const HANDLER: &str = "tidegate-handler";
    /// The service (name and version) that gave up.
    pub const SERVICE: &str = "tidegate-service";
    /// Class of the last failure: `transient`, `permanent`, `undecodable`, ...
    pub const CLASS: &str = "tidegate-class";
    /// One line that says why.
    pub const REASON: &str = "tidegate-reason";
    /// How many times the handler was called since the last replay, decimal text.
    pub const ATTEMPTS: &str = "tidegate-attempts";
    /// Attempts with times, errors and durations: JSON array, bounded, kept over replays.
    pub const HISTORY: &str = "tidegate-history";
    /// When it was dead-lettered: RFC 3339.
    pub const DEAD_AT: &str = "tidegate-dead-at";
    /// Text `true` on a dead letter whose value did not fit: it still stands at the origin (rule 5).
    pub const DLQ_POINTER: &str = "tidegate-dlq-pointer";
    /// On a dead letter: the span that sent it, in the form of [`TRACEPARENT`]. A replay goes on from there.
    pub const DLQ_TRACEPARENT: &str = "tidegate-traceparent";
    /// On a replay: where the producer's [`TRACEPARENT`]s and [`TRACESTATE`]s stood among its headers, such as
    /// `traceparent@1 tracestate@3`; empty where there were none.
    pub const ORIGIN_TRACE: &str = "tidegate-origin-trace";
    /// On a replay: one for each [`TRACEPARENT`] of the producer, with its value.
    pub const ORIGIN_TRACEPARENT: &str = "tidegate-origin-traceparent";
    /// On a replay: one for each [`TRACESTATE`] of the producer, with its value.
    pub const ORIGIN_TRACESTATE: &str = "tidegate-origin-tracestate";

    /// Text `true` on a record that was replayed.
    pub const REPLAYED: &str = "replayed";
    /// When it was replayed: RFC 3339.
    pub const REPLAY_TIME: &str = "replay_time";
    /// The replay job's id.
    pub const REPLAY_JOB: &str = "tidegate-replay-job";
    /// The dead letter's coordinates: `topic/partition/offset`.
    pub const REPLAY_LETTER: &str = "tidegate-replay-letter";
    /// The only group that a replayed record is for; other groups skip it.
    pub const REPLAY_GROUP: &str = "tidegate-replay-group";

    /// On an entry of the retry schedule: when the record is due, RFC 3339.
    pub const RETRY_DUE: &str = "tidegate-retry-due";
    /// Which ownership wrote a record of a companion: it need not read its own.
    pub const RETRY_WRITER: &str = "tidegate-retry-writer";
    /// On an entry of the retry schedule: the record's key as text, cut to a bound; left out where it is no UTF-8.
    pub const RETRY_KEY: &str = "tidegate-retry-key";

    /// On the tombstone by which an operator lets a key go: the reason.
    pub const RETRY_RELEASED: &str = "tidegate-retry-released";

    /// All of them.
    pub(super) const ALL: [&str; 35] = [
        EVENT_ID,
        EVENT_TYPE,
        CE_TYPE,
        CE_ID,
        CORRELATION_ID,
        CAUSATION_ID,
        TRACEPARENT,
        TRACESTATE,
        DLQ_VERSION,
        ORIGIN_TOPIC,
        ORIGIN_PARTITION,
        ORIGIN_OFFSET,
        ORIGIN_TIMESTAMP,
        GROUP,
        HANDLER,
        SERVICE,
        CLASS,
        REASON,
        ATTEMPTS,
        HISTORY,
        DEAD_AT,
        DLQ_POINTER,
        DLQ_TRACEPARENT,
        ORIGIN_TRACE,
        ORIGIN_TRACEPARENT,
        ORIGIN_TRACESTATE,
        REPLAYED,
        REPLAY_TIME,
        REPLAY_JOB,
        REPLAY_LETTER,
        REPLAY_GROUP,
        RETRY_DUE,
        RETRY_WRITER,
        RETRY_KEY,
        RETRY_RELEASED,
    ];
}

/// One header: a name and bytes, or null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The name; UTF-8, as Kafka demands.
    pub name: HeaderName,
    /// The value; `None` is null, which is not the same as empty.
    pub value: Option<Bytes>,
}

impl Header {
    /// Two lengths are written beside name and value.
    const LENGTHS: usize = 8;

    fn size(&self) -> usize {
        Self::LENGTHS + self.name.len() + self.value.as_ref().map_or(0, Bytes::len)
    }
}

/// An ordered list of headers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers(Vec<Header>);

impl Headers {
    /// No headers.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// No headers, and room for so many.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// Appends a header; an earlier one of the same name stays.
    pub fn push(&mut self, name: &str, value: impl Into<Bytes>) {
        self.push_raw(Header { name: name.into(), value: Some(value.into()) });
    }

    /// Appends a header whose value may be null.
    pub fn push_raw(&mut self, header: Header) {
        self.0.push(header);
    }

    /// Removes every header of that name, then appends this one.
    pub fn set(&mut self, name: &str, value: impl Into<Bytes>) {
        self.remove(name);
        self.push(name, value);
    }

    /// Gives the first header of that name this value, where it stands, and removes all others; appends it where there is none.
    pub fn replace(&mut self, name: &str, value: impl Into<Bytes>) {
        let mut value = Some(value.into());
        self.0.retain_mut(|header| {
            let named = header.name.as_ref() == name;
            if named && let Some(new) = value.take() {
                header.value = Some(new);
                return true;
            }
            !named
        });
        if let Some(value) = value {
            self.push(name, value);
        }
    }

    /// Removes every header of that name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|h| h.name.as_ref() != name);
    }

    /// The last value under that name, as Kafka's `lastHeader`. Null counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Bytes> {
        self.0.iter().rev().find(|h| h.name.as_ref() == name)?.value.as_ref()
    }

    /// The last value under that name, when it is UTF-8.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.get(name)?).ok()
    }

    /// In order.
    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of all names and values, and 8 for each header: a list of endless empty ones must weigh something.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.iter().map(Header::size).sum()
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a Header;
    type IntoIter = std::slice::Iter<'a, Header>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Header> for Headers {
    fn from_iter<I: IntoIterator<Item = Header>>(headers: I) -> Self {
        Self(headers.into_iter().collect())
    }
}

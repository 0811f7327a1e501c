//! One dead letter, as the service sees it: the record, what its headers say, and what became of it.

use jiff::Timestamp;
use tidegate::dead_letter::Letter;
use tidegate::message::Record;
use tidegate::replay::Status;

use super::index::SentBack;

/// A record of the dead-letter topic. Anybody may write there: what is no letter of ours is shown all the same.
#[derive(Debug)]
pub(super) struct Case {
    record: Record,
    letter: Option<Letter>,
    id: String,
    /// Its last replay, where there was one.
    pub(super) sent_back: Option<SentBack>,
    /// What became of it; `dead` until it is looked up.
    pub(super) status: Status,
}

impl Case {
    /// Status and replay are looked up elsewhere.
    pub(super) fn of(record: Record) -> Self {
        let letter = Letter::parse(&record);
        let id = format!("{}/{}", record.topic_partition(), record.offset);
        Self { record, letter, id, sent_back: None, status: Status::Dead }
    }

    /// Where it stands: `topic/partition/offset`.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn record(&self) -> &Record {
        &self.record
    }

    pub(super) fn letter(&self) -> Option<&Letter> {
        self.letter.as_ref()
    }

    /// The event's id; where there is none, where the letter stands.
    pub(super) fn event_id(&self) -> &str {
        self.letter.as_ref().map_or(&self.id, |letter| letter.event_id.as_str())
    }

    pub(super) fn event_type(&self) -> Option<&str> {
        self.letter.as_ref()?.event_type.as_deref()
    }

    /// The last error; empty when the headers do not say.
    pub(super) fn error(&self) -> &str {
        self.letter.as_ref().and_then(|letter| letter.reason.as_deref()).unwrap_or_default()
    }

    /// When it was dead-lettered; the record's time when the headers do not say.
    pub(super) fn created_at(&self) -> Timestamp {
        let said = self.letter.as_ref().and_then(|letter| letter.dead_at);
        time(said.unwrap_or(self.record.timestamp))
    }
}

/// A time outside of the calendar's years is shown as the epoch.
pub(super) fn time(at: tidegate::message::Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH)
}

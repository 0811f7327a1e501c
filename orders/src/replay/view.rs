//! A dead letter as JSON: every byte is shown, whatever the bytes are.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use tidegate::consumer::core::Attempt;
use tidegate::dead_letter::Origin;
use tidegate::headers::Header;

use super::base64;
use super::case::{Case, time};

/// One message of `GET /api/v1/dlq/messages`.
#[derive(Debug, Serialize)]
pub(super) struct Message {
    /// Where the letter stands: `topic/partition/offset`.
    id: String,
    event_id: String,
    event_type: Option<String>,
    correlation_id: Option<String>,
    key: Option<Content>,
    /// The value: as JSON where it is JSON, else as text, else as base64.
    original_event: Option<Content>,
    /// Which of the three: `json`, `text`, `base64`; `null` for the null value.
    original_event_encoding: &'static str,
    retry_history: Vec<Tried>,
    attempts: Option<u32>,
    final_error: String,
    reason: String,
    created_at: Timestamp,
    origin: Option<Place>,
    headers: Vec<Line>,
    class: Option<String>,
    group: Option<String>,
    handler: Option<String>,
    service: Option<String>,
    status: &'static str,
    /// The last replay, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<LastReplay>,
}

/// Bytes, as readable as they can be.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Content {
    Json(Box<RawValue>),
    Text(String),
    Base64 { base64: String },
}

#[derive(Debug, Serialize)]
struct Tried {
    attempt_number: u32,
    timestamp: Timestamp,
    error: String,
    /// With its unit, such as `1.5s`.
    duration: String,
    class: String,
    cause: tidegate::class::Cause,
}

#[derive(Debug, Serialize)]
struct Place {
    topic: String,
    partition: u32,
    offset: u64,
    timestamp: Timestamp,
}

/// Headers are a list: names may repeat, and their order is part of the record.
#[derive(Debug, Serialize)]
struct Line {
    name: String,
    value: Option<Content>,
}

#[derive(Debug, Serialize)]
struct LastReplay {
    job: String,
    at: Timestamp,
}

impl Message {
    pub(super) fn of(case: &Case) -> Self {
        let (letter, record) = (case.letter(), case.record());
        let text = |field: &Option<String>| field.clone();
        let reason = letter.and_then(|l| l.reason.clone()).unwrap_or_default();
        let history = letter.map(|l| l.history.as_slice()).unwrap_or_default();
        let value = record.value.as_deref().map(Content::json_or);
        Self {
            id: case.id().to_owned(),
            event_id: case.event_id().to_owned(),
            event_type: letter.and_then(|l| text(&l.event_type)),
            correlation_id: letter.map(|l| l.correlation_id.clone()),
            key: record.key.as_deref().map(Content::text_or),
            original_event_encoding: value.as_ref().map_or("null", Content::encoding),
            original_event: value,
            retry_history: history.iter().map(Tried::of).collect(),
            attempts: letter.and_then(|l| l.attempts),
            final_error: history.last().map_or(reason.clone(), |last| last.error.clone()),
            reason,
            created_at: case.created_at(),
            origin: letter.and_then(|l| l.origin.as_ref()).map(Place::of),
            headers: record.headers.iter().map(Line::of).collect(),
            class: letter.and_then(|l| text(&l.class)),
            group: letter.and_then(|l| text(&l.group)),
            handler: letter.and_then(|l| text(&l.handler)),
            service: letter.and_then(|l| text(&l.service)),
            status: case.status.as_str(),
            replay: case
                .sent_back
                .as_ref()
                .map(|sent| LastReplay { job: sent.job.clone(), at: sent.at }),
        }
    }
}

impl Content {
    /// JSON keeps its digits: it is passed on as it was written.
    fn json_or(bytes: &[u8]) -> Self {
        match serde_json::from_slice(bytes) {
            Ok(json) => Self::Json(json),
            Err(_) => Self::text_or(bytes),
        }
    }

    fn text_or(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64 { base64: base64::encode(bytes) },
        }
    }

    fn encoding(&self) -> &'static str {
        match self {
            Self::Json(_) => "json",
            Self::Text(_) => "text",
            Self::Base64 { .. } => "base64",
        }
    }
}

impl Tried {
    fn of(attempt: &Attempt) -> Self {
        Self {
            attempt_number: attempt.number,
            timestamp: time(attempt.at),
            error: attempt.error.clone(),
            duration: format!("{:?}", Duration::from_micros(attempt.took_us)),
            class: attempt.class.clone(),
            cause: attempt.cause,
        }
    }
}

impl Place {
    fn of(origin: &Origin) -> Self {
        Self {
            topic: origin.topic.to_string(),
            partition: origin.partition.0,
            offset: origin.offset.0,
            timestamp: time(origin.timestamp),
        }
    }
}

impl Line {
    fn of(header: &Header) -> Self {
        let value = header.value.as_deref().map(Content::text_or);
        Self { name: header.name.to_string(), value }
    }
}

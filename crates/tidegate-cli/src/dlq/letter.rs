//! A dead letter as it is printed: in a list, and whole.

use serde::Serialize;
use tidegate::dead_letter::{Letter, Origin};
use tidegate::message::Record;

use super::filter::dead_at;
use crate::output::{Content, shown};

/// What a list says of a letter.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    pub(super) letter: String,
    pub(super) event_id: Option<String>,
    pub(super) event_type: Option<String>,
    pub(super) key: Option<Content>,
    pub(super) group: Option<String>,
    pub(super) handler: Option<String>,
    pub(super) class: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) attempts: Option<u32>,
    pub(super) dead_at: String,
    pub(super) origin: Option<Place>,
    pub(super) pointer: bool,
    pub(super) foreign: bool,
}

/// Where a record first stood.
#[derive(Debug, Serialize)]
pub(super) struct Place {
    topic: String,
    partition: u32,
    offset: u64,
    timestamp: String,
}

impl Summary {
    pub(super) fn of(record: &Record, letter: Option<&Letter>) -> Self {
        let text =
            |of: fn(&Letter) -> &Option<String>| letter.and_then(|letter| of(letter).clone());
        Self {
            letter: format!("{}/{}", record.topic_partition(), record.offset),
            event_id: letter.map(|letter| letter.event_id.to_string()),
            event_type: text(|letter| &letter.event_type),
            key: record.key.as_deref().map(Content::of),
            group: text(|letter| &letter.group),
            handler: text(|letter| &letter.handler),
            class: text(|letter| &letter.class),
            reason: text(|letter| &letter.reason),
            attempts: letter.and_then(|letter| letter.attempts),
            dead_at: shown(dead_at(record, letter)),
            origin: letter.and_then(|letter| letter.origin.as_ref()).map(Place::of),
            pointer: letter.is_some_and(|letter| letter.pointer),
            foreign: letter.is_none(),
        }
    }
}

impl Place {
    fn of(origin: &Origin) -> Self {
        Self {
            topic: origin.topic.to_string(),
            partition: origin.partition.0,
            offset: origin.offset.0,
            timestamp: shown(origin.timestamp),
        }
    }

    /// As coordinates, and when.
    pub(super) fn line(&self) -> String {
        format!("{}/{}/{} of {}", self.topic, self.partition, self.offset, self.timestamp)
    }
}

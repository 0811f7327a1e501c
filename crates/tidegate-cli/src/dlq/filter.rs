//! Which dead letters are meant.

use tidegate::dead_letter::Letter;
use tidegate::message::{Record, Timestamp};

use super::ListArgs;

/// When it was dead-lettered; where the letter does not say, when it was written.
pub(super) fn dead_at(record: &Record, letter: Option<&Letter>) -> Timestamp {
    letter.and_then(|letter| letter.dead_at).unwrap_or(record.timestamp)
}

impl ListArgs {
    /// Whether the record is meant. One that is no letter of ours has neither group, reason nor type.
    pub(super) fn means(&self, record: &Record, letter: Option<&Letter>) -> bool {
        let at = dead_at(record, letter);
        let is = |wanted: &Option<String>, found: fn(&Letter) -> &Option<String>| {
            wanted.is_none() || letter.is_some_and(|letter| found(letter) == wanted)
        };
        is(&self.group, |letter| &letter.group)
            && is(&self.event_type, |letter| &letter.event_type)
            && self.from.is_none_or(|from| at >= from)
            && self.to.is_none_or(|to| at < to)
            && self.error.as_deref().is_none_or(|part| mentions(letter, part))
    }
}

fn mentions(letter: Option<&Letter>, part: &str) -> bool {
    let reason = letter.and_then(|letter| letter.reason.as_deref());
    reason.is_some_and(|reason| reason.to_lowercase().contains(&part.to_lowercase()))
}

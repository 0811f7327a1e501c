//! Which dead letters are meant.

use std::collections::HashSet;

use jiff::Timestamp;
use tidegate::replay::Status;

use super::case::Case;
use super::form::Form;

/// Every field narrows the set; an absent one does not.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    /// Event ids, or letters as `topic/partition/offset`.
    pub(super) ids: HashSet<String>,
    /// Part of the error, in any case.
    pub(super) error: Option<String>,
    pub(super) event_type: Option<String>,
    /// Dead-lettered at this time or later.
    pub(super) from: Option<Timestamp>,
    /// Dead-lettered before this time.
    pub(super) to: Option<Timestamp>,
    pub(super) status: Option<Status>,
    /// Part of anything: ids, key, value, headers, error; in any case.
    pub(super) q: Option<String>,
}

impl Filter {
    /// Takes the fields out of a form. The time range has other names in other requests.
    pub(super) fn take(form: &mut Form, from: &str, to: &str) -> Self {
        let filter = Self {
            ids: HashSet::new(),
            error: form.text("error").map(|text| text.to_lowercase()),
            event_type: form.text("event_type"),
            from: form.time(from),
            to: form.time(to),
            status: form.parsed("status", "must be dead, replayed, resolved or superseded"),
            q: form.text("q").map(|text| text.to_lowercase()),
        };
        if let (Some(first), Some(last)) = (filter.from, filter.to)
            && first > last
        {
            form.wrong(to, format!("must not be before {from}"));
        }
        filter
    }

    /// Whether the case is meant, whatever its status is.
    pub(super) fn matches(&self, case: &Case) -> bool {
        let at = case.created_at();
        (self.ids.is_empty() || self.ids.contains(case.event_id()) || self.ids.contains(case.id()))
            && self.event_type.as_deref().is_none_or(|wanted| case.event_type() == Some(wanted))
            && self.from.is_none_or(|from| at >= from)
            && self.to.is_none_or(|to| at < to)
            && self.error.as_deref().is_none_or(|part| contains(case.error(), part))
            && self.q.as_deref().is_none_or(|part| mentions(case, part))
    }
}

/// `part` is in lower case already.
fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(part)
}

fn mentions(case: &Case, part: &str) -> bool {
    let record = case.record();
    let bytes = |bytes: &[u8]| contains(&String::from_utf8_lossy(bytes), part);
    contains(case.event_id(), part)
        || contains(case.id(), part)
        || contains(case.error(), part)
        || record.key.as_deref().is_some_and(bytes)
        || record.value.as_deref().is_some_and(bytes)
        || record.headers.iter().any(|header| {
            contains(&header.name, part) || header.value.as_deref().is_some_and(bytes)
        })
}
